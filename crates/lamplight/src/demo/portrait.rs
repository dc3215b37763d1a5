//! Portraits that are drawn from a few parameters. The demo needs no image files.

use std::fmt::Write as _;

/// The parameters of a portrait.
#[derive(Debug)]
pub struct Portrait {
    /// The hair, or the scarf that covers it.
    pub hair: Hair,
    /// The colours of the skin, the hair or scarf, the clothes, and the background.
    pub colours: [&'static str; 4],
}

/// The hair, or the scarf that covers it.
#[derive(Clone, Copy, Debug)]
pub enum Hair {
    Short,
    Long,
    Bun,
    Curly,
    Scarf,
}

impl Portrait {
    /// Returns the picture as SVG.
    pub fn svg(&self) -> String {
        let [skin, hair, clothes, behind] = self.colours;
        let mut svg = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 96 96\">");
        let mut draw = |shape: std::fmt::Arguments<'_>| svg.write_fmt(shape).expect("a string takes all");
        draw(format_args!("<rect width=\"96\" height=\"96\" fill=\"{behind}\"/>"));
        // The part of the hair behind the face.
        match self.hair {
            Hair::Long => draw(format_args!("<path d=\"M22 78V44a26 27 0 0 1 52 0v34z\" fill=\"{hair}\"/>")),
            Hair::Bun => draw(format_args!("<circle cx=\"48\" cy=\"15\" r=\"11\" fill=\"{hair}\"/>")),
            Hair::Scarf => draw(format_args!(
                "<path d=\"M18 92c2-22 5-30 5-46a25 28 0 0 1 50 0c0 16 3 24 5 46z\" fill=\"{hair}\"/>"
            )),
            Hair::Short | Hair::Curly => {}
        }
        draw(format_args!(
            "<path d=\"M12 100c0-21 15-29 36-29s36 8 36 29z\" fill=\"{clothes}\"/>\
             <path d=\"M39 60h18v14a9 8 0 0 1-18 0z\" fill=\"{skin}\"/>\
             <ellipse cx=\"48\" cy=\"46\" rx=\"19\" ry=\"22\" fill=\"{skin}\"/>"
        ));
        // The part of the hair in front of the face.
        match self.hair {
            Hair::Short => draw(format_args!(
                "<path d=\"M27 45c-3-19 8-28 22-28s24 8 21 28c-3-8-6-12-10-14-9 3-20 3-26 0-4 3-6 7-7 14z\" fill=\"{hair}\"/>"
            )),
            Hair::Long | Hair::Bun => draw(format_args!(
                "<path d=\"M27 46c-2-20 9-29 21-29s23 9 21 29c-4-10-11-15-17-17-7 8-18 9-25 17z\" fill=\"{hair}\"/>"
            )),
            Hair::Curly => {
                for (x, y) in [(30, 37), (33, 27), (41, 21), (50, 19), (59, 23), (65, 30), (67, 38)] {
                    draw(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"8\" fill=\"{hair}\"/>"));
                }
            }
            Hair::Scarf => draw(format_args!(
                "<path d=\"M26 50c-3-25 8-32 22-32s25 7 22 32c-1-15-9-22-22-22s-21 7-22 22z\" fill=\"{hair}\"/>"
            )),
        }
        draw(format_args!(
            "<g fill=\"#1f2937\"><circle cx=\"41\" cy=\"47\" r=\"2.2\"/><circle cx=\"55\" cy=\"47\" r=\"2.2\"/></g>\
             <path d=\"M42 57q6 5 12 0\" fill=\"none\" stroke=\"#1f2937\" stroke-opacity=\".7\" stroke-width=\"2\" \
             stroke-linecap=\"round\"/></svg>"
        ));
        svg
    }
}
