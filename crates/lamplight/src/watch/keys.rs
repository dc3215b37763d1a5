//! The meaning of keys: a pure function from the state of the keyboard and a key to the next state.

// Most keys of a terminal have no meaning here.
#![allow(clippy::wildcard_enum_match_arm)]

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use lamplight_model::UserId;

/// The state of the keyboard: the text being typed, and the selected row.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Keyboard {
    /// The text being typed.
    pub typing: Typing,
    /// The index of the selected row.
    pub marked: usize,
}

/// The kind of text being typed, with the text. The kind decides what Enter does.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Typing {
    /// No text is being typed, so keys are commands.
    #[default]
    Nothing,
    /// A custom status.
    Status(String),
    /// The userID of a user to watch.
    Person(String),
}

/// A command from the keyboard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wish {
    /// Set one's own custom status.
    SetStatus(String),
    /// Watch a user.
    Add(UserId),
    /// Stop watching the user in this row.
    Remove(usize),
    /// Quit.
    Quit {
        /// `true` to log out first.
        logout: bool,
    },
    /// Show why the typed text is invalid.
    Complain(String),
}

impl Keyboard {
    /// Handles a key, and returns its command, if any. `rows` is the number of users on the screen. `own` is the
    /// watcher's custom status.
    pub fn press(&mut self, key: KeyEvent, rows: usize, own: &str) -> Option<Wish> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
            return Some(Wish::Quit { logout: false });
        }
        match &mut self.typing {
            Typing::Nothing => self.command(key.code, rows, own),
            Typing::Status(text) | Typing::Person(text) => match key.code {
                KeyCode::Enter => self.entered(),
                KeyCode::Esc => {
                    self.typing = Typing::Nothing;
                    None
                }
                KeyCode::Backspace => {
                    text.pop();
                    None
                }
                KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    text.clear();
                    None
                }
                KeyCode::Char(letter) => {
                    text.push(letter);
                    None
                }
                _ => None,
            },
        }
    }

    fn command(&mut self, key: KeyCode, rows: usize, own: &str) -> Option<Wish> {
        match key {
            KeyCode::Char('q') => return Some(Wish::Quit { logout: true }),
            KeyCode::Char('Q') => return Some(Wish::Quit { logout: false }),
            KeyCode::Char('s') => self.typing = Typing::Status(own.to_owned()),
            KeyCode::Char('a') => self.typing = Typing::Person(String::new()),
            KeyCode::Char('d') | KeyCode::Delete => return Some(Wish::Remove(self.marked)),
            KeyCode::Up | KeyCode::Char('k') => self.marked = self.marked.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.marked = (self.marked + 1).min(rows.saturating_sub(1)),
            _ => {}
        }
        None
    }

    fn entered(&mut self) -> Option<Wish> {
        match std::mem::take(&mut self.typing) {
            Typing::Nothing => None,
            Typing::Status(text) => Some(Wish::SetStatus(text)),
            Typing::Person(text) => match UserId::new(text.trim()) {
                Ok(user) => Some(Wish::Add(user)),
                Err(invalid) => Some(Wish::Complain(invalid.to_string())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types a script. `\n` is Enter, `\x1b` Esc, `\x08` Backspace, `\x03` Ctrl-C, and `\x15` Ctrl-U.
    fn type_in(script: &str) -> (Vec<Wish>, Keyboard) {
        let (mut keyboard, mut wishes) = (Keyboard::default(), Vec::new());
        for letter in script.chars() {
            let key = match letter {
                '\n' => KeyEvent::from(KeyCode::Enter),
                '\x1b' => KeyEvent::from(KeyCode::Esc),
                '\x08' => KeyEvent::from(KeyCode::Backspace),
                '\x03' => KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL),
                '\x15' => KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL),
                other => KeyEvent::from(KeyCode::Char(other)),
            };
            wishes.extend(keyboard.press(key, 3, "old"));
        }
        (wishes, keyboard)
    }

    #[test]
    fn keys_are_commands_until_something_is_typed() {
        let bob = UserId::new("bob").unwrap();
        for (script, wish) in [
            ("q", Wish::Quit { logout: true }),
            ("Q", Wish::Quit { logout: false }),
            ("\x03", Wish::Quit { logout: false }),
            ("s\x03", Wish::Quit { logout: false }),
            ("s new\n", Wish::SetStatus("old new".to_owned())),
            ("s\x15听歌q\n", Wish::SetStatus("听歌q".to_owned())),
            ("s\x08\x08\x08\n", Wish::SetStatus(String::new())),
            ("abob\n", Wish::Add(bob)),
            ("jjjjd", Wish::Remove(2)),
            ("jkkd", Wish::Remove(0)),
        ] {
            assert_eq!(type_in(script).0, [wish], "{script:?}");
        }
    }

    #[test]
    fn the_mark_stays_on_the_rows() {
        assert_eq!(type_in("jjjj").1.marked, 2);
        assert_eq!(type_in("jkk").1.marked, 0);
    }

    #[test]
    fn what_is_typed_can_be_dropped_and_must_make_sense() {
        assert_eq!(type_in("sxyz\x1b").0, []);
        assert!(matches!(&type_in("a\n").0[..], [Wish::Complain(_)]));
        assert_eq!(type_in("a爱\x1b").1.typing, Typing::Nothing);
    }
}
