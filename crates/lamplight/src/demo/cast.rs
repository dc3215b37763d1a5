//! The users of the demo: simulated users, and users that visitors can log in as.

use super::portrait::{Hair, Portrait};
use lamplight_model::Platform::{self, Android, IPad, IPhone, Linux, Mac, Web, Windows};

/// A simulated user.
#[derive(Debug)]
pub struct Character {
    /// The user's `userID`.
    pub name: &'static str,
    /// The nick.
    pub nick: &'static str,
    /// The parameters of the portrait.
    pub portrait: Portrait,
    /// The platforms of the user's devices.
    pub devices: &'static [Platform],
    /// The custom statuses that the user sets.
    pub sayings: &'static [&'static str],
    /// The user's answers to messages.
    pub answers: &'static [&'static str],
}

/// A user that visitors can log in as.
#[derive(Debug)]
pub struct Player {
    /// The user's `userID`.
    pub name: &'static str,
    /// The nick.
    pub nick: &'static str,
    /// The parameters of the portrait.
    pub portrait: Portrait,
}

/// The simulated users.
pub const CAST: [Character; 10] = [
    Character {
        name: "alice",
        nick: "Alice Baker",
        portrait: Portrait { hair: Hair::Long, colours: ["#f8d3b0", "#8d5524", "#6366f1", "#e0e7ff"] },
        devices: &[IPhone, Mac],
        sayings: &[
            "in a meeting until 3",
            "listening to Nina Simone 🎵",
            "back in 5",
            "deep work, please knock",
        ],
        answers: &["On it!", "Can we talk after my meeting?", "Sounds good to me 👍"],
    },
    Character {
        name: "bob",
        nick: "Bob Martin",
        portrait: Portrait { hair: Hair::Short, colours: ["#eac086", "#3b2f2f", "#0ea5e9", "#e0f2fe"] },
        devices: &[Android, Web],
        sayings: &["lunch 🍜", "on the train", "reviewing your pull request", "listening to Miles Davis 🎵"],
        answers: &["Ha, of course.", "I left you a comment on line 42.", "Give me ten minutes."],
    },
    Character {
        name: "mei",
        nick: "李梅",
        portrait: Portrait { hair: Hair::Bun, colours: ["#f6d2b3", "#1f1a17", "#ec4899", "#fce7f3"] },
        devices: &[IPhone, IPad],
        sayings: &["听歌中 🎵", "在开会", "午休中", "马上回来"],
        answers: &["好的！", "稍等一下，我马上看。", "哈哈，没问题 😄"],
    },
    Character {
        name: "xiaoyu",
        nick: "王小雨",
        portrait: Portrait { hair: Hair::Long, colours: ["#fbdcc4", "#2a1f1a", "#14b8a6", "#ccfbf1"] },
        devices: &[Android],
        sayings: &["写代码", "喝咖啡 ☕", "在路上", "勿扰"],
        answers: &["收到", "这个我晚点发你。", "一起喝咖啡吗？☕"],
    },
    Character {
        name: "carlos",
        nick: "Carlos Ruiz",
        portrait: Portrait { hair: Hair::Curly, colours: ["#d9a066", "#1b1b1b", "#f97316", "#ffedd5"] },
        devices: &[Windows, Android],
        sayings: &["en una llamada", "café ☕", "at the gym 💪", "working from home"],
        answers: &["¡Claro!", "Just back from the gym, one moment.", "Mañana, seguro 😅"],
    },
    Character {
        name: "fatima",
        nick: "Fatima Haddad",
        portrait: Portrait { hair: Hair::Scarf, colours: ["#e0ac7e", "#7c3aed", "#4c1d95", "#ede9fe"] },
        devices: &[Web],
        sayings: &["office hours, come in", "grading papers", "in a seminar"],
        answers: &["Come by during office hours.", "Very good question!", "I will send you the paper."],
    },
    Character {
        name: "yuki",
        nick: "佐藤ゆき",
        portrait: Portrait { hair: Hair::Short, colours: ["#f9d7b8", "#4a2c1a", "#22c55e", "#dcfce7"] },
        devices: &[Linux, IPhone],
        sayings: &["会議中", "散歩 🐕", "compiling…", "集中タイム"],
        answers: &["了解です！", "It compiles now 🎉", "あとで見ますね。"],
    },
    Character {
        name: "tom",
        nick: "Tom O'Neill",
        portrait: Portrait { hair: Hair::Curly, colours: ["#fbd9c0", "#c2410c", "#64748b", "#e2e8f0"] },
        devices: &[Mac],
        sayings: &["on call", "fixing the build", "out for a run 🏃", "gone fishing 🎣"],
        answers: &["The build is green again.", "On call until six, ping me any time.", "Fish are biting 🎣"],
    },
    Character {
        name: "siyuan",
        nick: "陈思远",
        portrait: Portrait { hair: Hair::Short, colours: ["#f3c9a5", "#111827", "#eab308", "#fef9c3"] },
        devices: &[Windows, IPhone],
        sayings: &["出差中 ✈️", "在写周报", "打羽毛球 🏸"],
        answers: &["明白，我来跟进。", "周报写完就回你。", "下午三点可以吗？"],
    },
    Character {
        name: "amara",
        nick: "Amara Okafor",
        portrait: Portrait { hair: Hair::Bun, colours: ["#8d5a3b", "#120c0a", "#ef4444", "#fee2e2"] },
        devices: &[IPad, Web],
        sayings: &["sketching ✏️", "in the studio", "tea time 🍵"],
        answers: &["Love it ✨", "I have a sketch for that.", "Tea first, then work."],
    },
];

/// The users that visitors can log in as. They are mutual friends.
pub const PLAYERS: [Player; 2] = [
    Player {
        name: FRIEND,
        nick: "Robin",
        portrait: Portrait { hair: Hair::Short, colours: ["#fcd9b6", "#b45309", "#111827", "#fde68a"] },
    },
    Player {
        name: GUEST,
        nick: "林晓",
        portrait: Portrait { hair: Hair::Long, colours: ["#fbdcc4", "#27272a", "#be123c", "#ffe4e6"] },
    },
];

/// The userID of the visitor who is a friend of all other users, and is notified of their changes as a friend.
pub const FRIEND: &str = "you";

/// The userID of the visitor who is subscribed to the other users, and is notified of their changes as a subscriber.
pub const GUEST: &str = "guest";

/// The messages that exist at the start of the demo: sender, recipient and text.
pub const LETTERS: [(&str, &str, &str); 18] = [
    ("tom", FRIEND, "The build was red, it is green now."),
    (FRIEND, "tom", "You are a hero."),
    ("tom", FRIEND, "Tell that to the linter 😅"),
    ("yuki", GUEST, "はじめまして！"),
    (GUEST, "yuki", "你好 👋"),
    ("yuki", GUEST, "Nice to meet you."),
    (FRIEND, "siyuan", "周五的会改到几点？"),
    ("siyuan", FRIEND, "下午三点，会议室 B。"),
    ("fatima", FRIEND, "The seminar room moved to the second floor."),
    ("carlos", GUEST, "¡Bienvenida! Coffee later?"),
    (FRIEND, "alice", "Did you see the new dots?"),
    ("alice", FRIEND, "Yes! Green the very moment you came in."),
    ("alice", FRIEND, "And grey when my train enters the tunnel 🚇"),
    ("mei", FRIEND, "晚上一起吃火锅吗？🍲"),
    ("mei", FRIEND, "我订了六点的位子。"),
    ("bob", FRIEND, "I reviewed your pull request."),
    (GUEST, FRIEND, "嗨，你在吗？"),
    (FRIEND, GUEST, "Always, look at my dot 🟢"),
];

/// Returns the portrait of the user with this `userID`; `None` for a user outside the demo.
pub fn portrait_of(name: &str) -> Option<&'static Portrait> {
    let cast = CAST.iter().find(|character| character.name == name).map(|character| &character.portrait);
    cast.or_else(|| PLAYERS.iter().find(|player| player.name == name).map(|player| &player.portrait))
}

/// Returns all users with their nicks. The users for visitors come first.
pub fn everybody() -> impl Iterator<Item = (&'static str, &'static str)> {
    let players = PLAYERS.iter().map(|player| (player.name, player.nick));
    players.chain(CAST.iter().map(|character| (character.name, character.nick)))
}

/// Returns `true` if visitors can log in as this user.
pub fn is_player(name: &str) -> bool {
    PLAYERS.iter().any(|player| player.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::{CustomStatus, ProfileChange, UserId};
    use std::collections::BTreeSet;

    #[test]
    fn everybody_can_log_in_and_say_what_they_say() {
        for character in &CAST {
            assert!(!character.devices.is_empty() && !character.answers.is_empty());
            for saying in character.sayings {
                assert!(CustomStatus::new(saying, 100).is_ok_and(|saying| !saying.is_empty()), "{saying}");
            }
        }
        let mut names = BTreeSet::new();
        for (name, nick) in everybody() {
            assert!(UserId::new(name).is_ok() && names.insert(name), "{name}");
            let profile = ProfileChange { nick: Some(nick.to_owned()), ..ProfileChange::default() };
            assert!(profile.check().is_ok(), "{nick}");
        }
    }

    #[test]
    fn letters_are_between_people_of_the_demo_and_one_of_them_is_played() {
        for (from, to, _) in LETTERS {
            assert!(portrait_of(from).is_some() && portrait_of(to).is_some() && from != to, "{from} to {to}");
            assert!(is_player(from) || is_player(to), "{from} to {to}");
        }
    }
}
