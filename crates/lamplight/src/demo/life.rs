//! The choice of a simulated user's next action. Pure: the same seed gives the same actions.

use super::cast::Character;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, IteratorRandom};
use rand::{Rng, SeedableRng};
use std::ops::Range;
use std::time::Duration;

/// The delay before a user's first action. It is short, so that most users are soon online.
const FIRST_MS: Range<u64> = 50..900;

/// The delay between two actions of a user.
const PAUSE_MS: Range<u64> = 1_500..7_000;

/// The state of a simulated user's device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Device {
    LoggedOut,
    Connected,
    /// Logged in, but without a network connection.
    Away,
}

/// An action of a simulated user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Logs in with the device of this index, or reconnects it.
    LogIn(usize),
    /// Sets a custom status.
    Say(&'static str),
    /// Clears the custom status.
    SayNothing,
    /// Closes the connections of all devices without a logout.
    LoseNetwork,
    /// Logs out the device of this index.
    LogOut(usize),
}

/// The state of a simulated user.
pub struct Life {
    character: &'static Character,
    random: StdRng,
    devices: Vec<Device>,
    says: &'static str,
    begun: bool,
}

impl Life {
    /// Makes a user who has not acted yet.
    pub fn new(character: &'static Character, seed: u64) -> Self {
        let devices = vec![Device::LoggedOut; character.devices.len()];
        Self { character, random: StdRng::seed_from_u64(seed), devices, says: "", begun: false }
    }

    /// Returns the next action, and the delay before it.
    pub fn next(&mut self) -> (Duration, Step) {
        let wait = if self.begun { PAUSE_MS } else { FIRST_MS };
        self.begun = true;
        let wait = Duration::from_millis(self.random.random_range(wait));
        let step = self.choose();
        self.live(&step);
        (wait, step)
    }

    /// Records that an action has failed. All connected devices of the user then count as devices without a network
    /// connection.
    pub fn stumble(&mut self) {
        self.live(&Step::LoseNetwork);
    }

    fn choose(&mut self) -> Step {
        let Some(connected) = self.pick(|device| device == Device::Connected) else {
            let away = self.pick(|device| device == Device::Away);
            return Step::LogIn(away.unwrap_or_else(|| self.random.random_range(0..self.devices.len())));
        };
        if self.says.is_empty() && self.random.random_bool(0.6) {
            return self.say();
        }
        match self.random.random_range(0..10) {
            0..=3 => self.say(),
            4 if !self.says.is_empty() => Step::SayNothing,
            4 => self.say(),
            5 | 6 => match self.pick(|device| device != Device::Connected) {
                Some(another) => Step::LogIn(another),
                None => self.say(),
            },
            7 | 8 => Step::LoseNetwork,
            _ => Step::LogOut(connected),
        }
    }

    /// Chooses a custom status that differs from the current one.
    fn say(&mut self) -> Step {
        let others: Vec<_> = self.character.sayings.iter().filter(|saying| **saying != self.says).collect();
        others.choose(&mut self.random).map_or(Step::SayNothing, |saying| Step::Say(saying))
    }

    fn pick(&mut self, wanted: impl Fn(Device) -> bool) -> Option<usize> {
        (0..self.devices.len()).filter(|index| wanted(self.devices[*index])).choose(&mut self.random)
    }

    fn live(&mut self, step: &Step) {
        match step {
            Step::LogIn(index) => self.devices[*index] = Device::Connected,
            Step::Say(saying) => self.says = saying,
            Step::SayNothing => self.says = "",
            Step::LogOut(index) => self.devices[*index] = Device::LoggedOut,
            Step::LoseNetwork => {
                for device in self.devices.iter_mut().filter(|device| **device == Device::Connected) {
                    *device = Device::Away;
                }
            }
        }
        if !self.devices.contains(&Device::Connected) {
            // The server clears the custom status of a user who is no longer ONLINE.
            self.says = "";
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cast::CAST;
    use super::*;

    fn steps(seed: u64, count: usize) -> Vec<(Duration, Step)> {
        let mut life = Life::new(&CAST[0], seed);
        (0..count).map(|_| life.next()).collect()
    }

    #[test]
    fn the_same_seed_lives_the_same_life() {
        assert_eq!(steps(7, 50), steps(7, 50));
        assert_ne!(steps(7, 50), steps(8, 50));
    }

    #[test]
    fn everybody_is_there_within_a_second_and_everything_happens() {
        let life = steps(1, 300);
        assert!(life[0].0 < Duration::from_secs(1) && matches!(life[0].1, Step::LogIn(_)));
        let happens = |what: fn(&Step) -> bool| life.iter().any(|(_, step)| what(step));
        assert!(happens(|step| matches!(step, Step::Say(_))));
        assert!(happens(|step| matches!(step, Step::SayNothing)));
        assert!(happens(|step| matches!(step, Step::LoseNetwork)));
        assert!(happens(|step| matches!(step, Step::LogOut(_))));
    }

    /// A user needs a connected device to set a status, lose the network or log out.
    #[test]
    fn nobody_does_what_they_cannot() {
        for seed in 0..20 {
            let mut connected = vec![false; CAST[0].devices.len()];
            for (_, step) in steps(seed, 200) {
                match step {
                    Step::LogIn(index) => connected[index] = true,
                    Step::LogOut(index) => assert!(std::mem::take(&mut connected[index])),
                    Step::LoseNetwork => {
                        assert!(connected.contains(&true));
                        connected.fill(false);
                    }
                    Step::Say(_) | Step::SayNothing => assert!(connected.contains(&true)),
                }
            }
        }
    }
}
