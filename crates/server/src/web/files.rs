//! The files that `build.rs` has compiled into the crate, and the choice of their content encoding.

/// A file of the web build.
pub struct File {
    /// The path from the root of the site, without a leading `/`.
    pub path: &'static str,
    /// A hash of the content.
    pub tag: &'static str,
    /// The content.
    pub plain: &'static [u8],
    /// The content compressed with brotli; `None` if compression does not make it smaller.
    pub brotli: Option<&'static [u8]>,
    /// The content compressed with gzip; `None` if compression does not make it smaller.
    pub gzip: Option<&'static [u8]>,
}

/// A content encoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    Brotli,
    Gzip,
}

/// All files, in ascending order of their paths.
pub const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/web_files.rs"));

/// Returns the file at a path; `None` if there is none.
pub fn find<'a>(files: &'a [File], path: &str) -> Option<&'a File> {
    files.binary_search_by(|file| file.path.cmp(path)).ok().map(|place| &files[place])
}

impl File {
    /// Returns the content in the best encoding that an `Accept-Encoding` header allows: brotli, then gzip, then no
    /// encoding (`None`).
    pub fn packed(&self, accepted: &str) -> (Option<Encoding>, &'static [u8]) {
        match (self.brotli, self.gzip) {
            (Some(body), _) if accepts(accepted, Encoding::Brotli) => (Some(Encoding::Brotli), body),
            (_, Some(body)) if accepts(accepted, Encoding::Gzip) => (Some(Encoding::Gzip), body),
            (_, _) => (None, self.plain),
        }
    }

    /// Returns the content type, chosen by the file name extension.
    pub fn kind(&self) -> &'static str {
        let ending = self.path.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            "html" => "text/html; charset=utf-8",
            "js" | "mjs" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "json" | "map" => "application/json",
            "webmanifest" => "application/manifest+json",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "webp" => "image/webp",
            "ico" => "image/x-icon",
            "woff2" => "font/woff2",
            "txt" | "md" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }
}

impl Encoding {
    /// Returns the name of the encoding in headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// Returns the suffix of the entity tag for content in this encoding.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => "-br",
            Self::Gzip => "-gz",
        }
    }
}

/// Returns `true` if an `Accept-Encoding` header allows the encoding.
fn accepts(accepted: &str, encoding: Encoding) -> bool {
    accepted.split(',').any(|entry| {
        let (name, weight) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case(encoding.name()) && weight.is_ok_and(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_taken_when_it_is_named_and_not_ruled_out() {
        for (accepted, brotli, gzip) in [
            ("gzip, deflate, br, zstd", true, true),
            ("GZIP", false, true),
            ("br;q=1.0, gzip;q=0.5", true, true),
            ("br;q=0, gzip", false, true),
            ("br;q=x", false, false),
            ("*", false, false),
            ("", false, false),
        ] {
            assert_eq!(accepts(accepted, Encoding::Brotli), brotli, "{accepted}");
            assert_eq!(accepts(accepted, Encoding::Gzip), gzip, "{accepted}");
        }
    }

    #[test]
    fn the_files_in_the_crate_can_be_searched() {
        assert!(FILES.is_sorted_by(|one, next| one.path < next.path));
        assert!(FILES.iter().all(|file| find(FILES, file.path).is_some()));
    }
}
