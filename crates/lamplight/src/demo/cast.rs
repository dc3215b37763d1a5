//! Who lives in the demo: their names, their devices, and what they say of themselves.

use lamplight_model::Platform::{self, Android, IPad, IPhone, Linux, Mac, Web, Windows};

/// Somebody of the demo.
#[derive(Debug)]
pub struct Character {
    /// Their `userID`.
    pub name: &'static str,
    /// What they own.
    pub devices: &'static [Platform],
    /// What they say of themselves.
    pub sayings: &'static [&'static str],
}

/// Everybody.
pub const CAST: [Character; 8] = [
    Character {
        name: "alice",
        devices: &[IPhone, Mac],
        sayings: &[
            "in a meeting until 3",
            "listening to Nina Simone 🎵",
            "back in 5",
            "deep work, please knock",
        ],
    },
    Character {
        name: "bob",
        devices: &[Android, Web],
        sayings: &["lunch 🍜", "on the train", "reviewing your pull request", "listening to Miles Davis 🎵"],
    },
    Character {
        name: "mei",
        devices: &[IPhone, IPad],
        sayings: &["听歌中 🎵", "在开会", "午休中", "马上回来"],
    },
    Character {
        name: "xiaoyu", devices: &[Android], sayings: &["写代码", "喝咖啡 ☕", "在路上", "勿扰"]
    },
    Character {
        name: "carlos",
        devices: &[Windows, Android],
        sayings: &["en una llamada", "café ☕", "at the gym 💪", "working from home"],
    },
    Character {
        name: "fatima",
        devices: &[Web],
        sayings: &["office hours, come in", "grading papers", "in a seminar"],
    },
    Character {
        name: "yuki",
        devices: &[Linux, IPhone],
        sayings: &["会議中", "散歩 🐕", "compiling…", "集中タイム"],
    },
    Character {
        name: "tom",
        devices: &[Mac],
        sayings: &["on call", "fixing the build", "out for a run 🏃", "gone fishing 🎣"],
    },
];

/// Who watches everybody as a friend.
pub const FRIEND: &str = "you";

/// Who watches by subscription.
pub const GUEST: &str = "guest";

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::{CustomStatus, UserId};

    #[test]
    fn everybody_can_log_in_and_say_what_they_say() {
        for character in &CAST {
            assert!(UserId::new(character.name).is_ok() && !character.devices.is_empty());
            for saying in character.sayings {
                assert!(CustomStatus::new(saying, 100).is_ok_and(|saying| !saying.is_empty()), "{saying}");
            }
        }
    }
}
