//! The drawing of the roster on a screen. Pure: the same roster, keyboard and time give the same cells.

use super::keys::{Keyboard, Typing};
use super::roster::{Connection, Known, Person, Roster};
use crate::output::{custom, devices, harmless};
use crate::time_text::{ago, clock};
use lamplight_model::{StatusType, Timestamp};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Cell, Paragraph, Row, Table, TableState};

/// The number of event lines on the screen.
const NEWS_LINES: u16 = 6;

/// Draws the whole screen.
pub fn draw(roster: &Roster, keyboard: &Keyboard, now: Timestamp, frame: &mut Frame<'_>) {
    let [head, people, news, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(4),
        Constraint::Length(NEWS_LINES + 1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    draw_head(roster, now, frame, head);
    draw_people(roster, keyboard, now, frame, people);
    draw_news(roster, frame, news);
    draw_keys(keyboard, frame, keys);
}

fn draw_head(roster: &Roster, now: Timestamp, frame: &mut Frame<'_>, area: Rect) {
    let state = match &roster.connection {
        Connection::Connecting => "connecting…".yellow(),
        Connection::Connected => "connected".green(),
        Connection::Waiting { why, until } => {
            let seconds = until.since(now).as_millis().div_ceil(1_000);
            format!("not connected: {why}; trying again in {seconds} s").yellow()
        }
        Connection::Ended { why } => format!("over: {why}").red(),
    };
    let line = Line::from(vec!["Lamplight".bold(), format!("  as {}  ", roster.me).into(), state]);
    frame.render_widget(Paragraph::new(line), area);
}

fn draw_people(roster: &Roster, keyboard: &Keyboard, now: Timestamp, frame: &mut Frame<'_>, area: Rect) {
    let rows = roster.people.iter().map(|person| row(person, &roster.me, now));
    let widths = [
        Constraint::Length(1),
        Constraint::Min(10),
        Constraint::Length(9),
        Constraint::Fill(2),
        Constraint::Length(7),
        Constraint::Fill(1),
        Constraint::Length(11),
    ];
    let heads = Row::new(["", "NAME", "STATUS", "CUSTOM", "SINCE", "DEVICES", "REASON"]);
    let table = Table::new(rows, widths)
        .header(heads.style(Style::new().add_modifier(Modifier::DIM)))
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
        .block(Block::new().borders(Borders::TOP));
    let marked = keyboard.marked.min(roster.people.len().saturating_sub(1));
    let mut state = TableState::default().with_selected(marked);
    frame.render_stateful_widget(table, area, &mut state);
}

fn row<'a>(person: &'a Person, me: &lamplight_model::UserId, now: Timestamp) -> Row<'a> {
    let name = if person.id == *me { format!("{} (you)", person.id) } else { person.id.to_string() };
    let status = match &person.known {
        Known::Status(status) => status,
        Known::Nothing => return Row::new(["·".to_owned(), name, "…".to_owned()]).dim(),
        Known::NoAccount => {
            return Row::new(["·".to_owned(), name, String::new(), "no account yet".to_owned()]).dim();
        }
    };
    let dot = match status.status_type {
        StatusType::Online => Span::styled("●", Style::new().fg(Color::Green)),
        StatusType::Offline => Span::styled("●", Style::new().fg(Color::DarkGray)),
        StatusType::Unlogined => Span::styled("○", Style::new().fg(Color::DarkGray)),
        StatusType::Unknown => Span::raw("?"),
    };
    Row::new([
        Cell::from(dot),
        Cell::from(name),
        Cell::from(status.status_type.name()),
        Cell::from(custom(status, now)),
        Cell::from(ago(status.since, now)),
        Cell::from(devices(status)),
        Cell::from(status.reason.name()),
    ])
}

fn draw_news(roster: &Roster, frame: &mut Frame<'_>, area: Rect) {
    let latest = roster.news.iter().skip(roster.news.len().saturating_sub(NEWS_LINES.into()));
    let lines =
        latest.map(|news| Line::from(vec![clock(news.at).dim(), "  ".into(), harmless(&news.text).into()]));
    let block = Block::new().borders(Borders::TOP).title(" latest (UTC) ");
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), area);
}

fn draw_keys(keyboard: &Keyboard, frame: &mut Frame<'_>, area: Rect) {
    let line = match &keyboard.typing {
        Typing::Nothing => {
            Line::from("s own status  a add  d remove  ↑↓ mark  q log out and quit  Q quit without logout")
                .dim()
        }
        Typing::Status(text) => prompt("custom status: ", text),
        Typing::Person(text) => prompt("user to watch: ", text),
    };
    frame.render_widget(Paragraph::new(line), area);
}

fn prompt<'a>(question: &'a str, text: &'a str) -> Line<'a> {
    Line::from(vec![question.bold(), text.into(), "█".into(), "   Enter: done  Esc: leave it".dim()])
}

#[cfg(test)]
mod tests {
    use super::super::roster::tests::{status, user};
    use super::*;
    use expect_test::{Expect, expect};
    use lamplight_client::Event;
    use lamplight_model::{Platform, Reason};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    /// Draws on a screen of 96 by 16 characters, and compares the result with the expected text.
    fn check(roster: &Roster, keyboard: &Keyboard, expected: &Expect) -> TestBackend {
        let mut terminal = Terminal::new(TestBackend::new(96, 16)).unwrap();
        let now = Timestamp(1_000_000 + 125_000);
        terminal.draw(|frame| draw(roster, keyboard, now, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let mut screen = String::new();
        for y in 0..buffer.area.height {
            let (mut line, mut x) = (String::new(), 0);
            while x < buffer.area.width {
                let letter = buffer[(x, y)].symbol();
                line.push_str(letter);
                x += u16::try_from(Span::raw(letter).width().max(1)).unwrap();
            }
            screen.push_str(line.trim_end());
            screen.push('\n');
        }
        expected.assert_eq(&screen);
        terminal.backend().clone()
    }

    fn roster() -> Roster {
        use StatusType::{Offline, Online, Unlogined};
        let mut roster = Roster::new(user("alice"), &[user("bob"), user("nobody"), user("cid"), user("dan")]);
        let now = Timestamp(1_000_000 + 60_000);
        roster.apply(&Event::Connected { resumed: false }, now);
        roster.apply(
            &Event::StatusChanged(vec![
                status("alice", Online, Reason::Login, "", &[Platform::Linux]),
                status(
                    "bob",
                    Online,
                    Reason::Custom,
                    "听歌中 \u{1b}[31m",
                    &[Platform::IPhone, Platform::Web],
                ),
                status("cid", Offline, Reason::LinkClosed, "", &[]),
                status("dan", Unlogined, Reason::Logout, "", &[]),
            ]),
            now,
        );
        roster.no_account(&user("nobody"));
        roster
    }

    #[test]
    fn people_are_shown_with_their_evidence() {
        let keyboard = Keyboard { marked: 1, ..Keyboard::default() };
        let backend = check(
            &roster(),
            &keyboard,
            &expect![[r#"
                Lamplight  as alice  connected
                ────────────────────────────────────────────────────────────────────────────────────────────────
                  NAME             STATUS    CUSTOM                          SINCE   DEVICES         REASON
                ● alice (you)      ONLINE                                    2 min   Linux           login
                ● bob              ONLINE    听歌中 �[31m                    2 min   iPhone, Web     custom
                · nobody                     no account yet
                ● cid              OFFLINE                                   2 min   -               link_closed
                ○ dan              UNLOGINED                                 2 min   -               logout
                 latest (UTC) ──────────────────────────────────────────────────────────────────────────────────
                00:17:40  connected
                00:17:40  alice is online
                00:17:40  bob is online, and says: 听歌中 �[31m
                00:17:40  cid is offline
                00:17:40  dan is not logged in

                s own status  a add  d remove  ↑↓ mark  q log out and quit  Q quit without logout
            "#]],
        );
        let colour = |y| backend.buffer()[(0, y)].fg;
        assert_eq!([3, 4, 6, 7].map(colour), [Color::Green, Color::Green, Color::DarkGray, Color::DarkGray]);
    }

    #[test]
    fn the_connection_and_what_is_typed_are_shown() {
        let mut roster = Roster::new(user("alice"), &[user("bob")]);
        let event = Event::Disconnected {
            why: lamplight_client::LinkEnd::Closed,
            retry_in: std::time::Duration::from_millis(2_600),
        };
        roster.apply(&event, Timestamp(1_000_000 + 125_000));
        let typing = Typing::Status("写代码".to_owned());
        check(
            &roster,
            &Keyboard { typing, marked: 9 },
            &expect![[r#"
                Lamplight  as alice  not connected: closed by the server; trying again in 3 s
                ────────────────────────────────────────────────────────────────────────────────────────────────
                  NAME             STATUS    CUSTOM                          SINCE   DEVICES         REASON
                · alice (you)      …
                · bob              …



                 latest (UTC) ──────────────────────────────────────────────────────────────────────────────────
                00:18:45  closed by the server; trying again in 2.6 s





                custom status: 写代码█   Enter: done  Esc: leave it
            "#]],
        );
    }
}
