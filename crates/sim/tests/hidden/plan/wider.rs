//! The acts that only wider plans have. They have seeds of their own, because a further act changes all later random
//! numbers of a seed.

use super::{Act, HIDER, Hiding, Planner, SHORT_RETENTION_MS, USERS, World};
use crate::Who;
use lamplight_model::Visibility;

/// The first seed with a wider plan.
pub const WIDER: u64 = 1 << 40;

impl Planner {
    /// Adds an act after the moment of hiding.
    pub(super) fn wider_step(&mut self) {
        let who = 1 + self.random.below(USERS - 1);
        let device = self.device();
        match self.random.below(8) {
            // The message of a blocked viewer is refused, which tells of the block, as it must.
            0..2 if self.hiding == Hiding::Block || self.has_blocked.contains(&who) => {}
            0..2 => self.both(Act::Send { who, device, to: HIDER }),
            // A viewer who may not see the hider anyway is blocked too, or the block ends and the other reason stays.
            2..4 if self.hiding != Hiding::Block && self.compared.contains(&who) => {
                self.has_blocked.insert(who);
                self.entries.push((Some(World::Hidden), Act::Block { who: HIDER, users: vec![who] }));
            }
            4 if self.hiding != Hiding::Block && self.compared.contains(&who) && !self.was_blocked(who) => {
                self.entries.push((Some(World::Hidden), Act::Unblock { who: HIDER, users: vec![who] }));
            }
            5 => {
                let retention_ms =
                    *self.random.pick(&[SHORT_RETENTION_MS, 2 * SHORT_RETENTION_MS, 7 * 24 * 3_600_000]);
                let linger_ms = *self.random.pick(&[0, 800]);
                self.both(Act::Timing { retention_ms, linger_ms });
            }
            6 => self.viewer_restricts(who),
            _ => {}
        }
    }

    /// Whether the hider had blocked this viewer before. The block may be the only reason why the viewer may not see
    /// the status.
    fn was_blocked(&self, viewer: Who) -> bool {
        let is_it = |act: &Act| matches!(act, Act::Block { who: HIDER, users } if users.contains(&viewer));
        self.entries.iter().any(|(only_in, act)| only_in.is_none() && is_it(act))
    }

    /// Adds a change of who may see a viewer. It happens in both worlds.
    fn viewer_restricts(&mut self, who: Who) {
        let users: Vec<Who> = self.users().into_iter().filter(|user| *user != who).collect();
        let any = [Visibility::Everyone, Visibility::Friends, Visibility::Nobody];
        let act = match self.random.below(4) {
            0 if !users.is_empty() => Act::Block { who, users },
            1 if !users.is_empty() => Act::Unblock { who, users },
            _ => Act::SetVisibility { who, visibility: *self.random.pick(&any) },
        };
        self.both(act);
    }

    /// Whether the hider has a record in both worlds. If there is none, a deletion makes one, with another `since`.
    pub(super) fn has_record(&self) -> bool {
        let is_login = |act: &Act| matches!(act, Act::Login { who: HIDER, .. });
        !self.has_losses && self.entries.iter().any(|(only_in, act)| only_in.is_none() && is_login(act))
    }

    /// Adds the deletion of the hider's account at the end of the plan. In some plans, the account is then created
    /// again, and the user logs in, in both worlds.
    pub(super) fn delete(&mut self) {
        self.deletes = true;
        // The rate delays no change of a user who has been away for this time.
        self.both(Act::Advance { millis: 2_000 });
        self.both(Act::Delete { who: HIDER });
        self.look();
        if self.random.once_in(2) {
            self.both(Act::Create { who: HIDER });
            self.look();
            // A UserSig from the second of the deletion may be revoked.
            self.both(Act::Advance { millis: 2_000 });
            self.both(Act::Login { who: HIDER, device: 0, worker: 0, resume: false });
            self.look();
        }
    }

    /// Adds acts of viewers, who may ask for the hider's status.
    fn look(&mut self) {
        for _ in 0..self.random.below(8) {
            let (who, users) = (1 + self.random.below(USERS - 1), vec![HIDER]);
            match self.random.below(6) {
                0 => self.both(Act::Query { who, device: 0, users }),
                1 => self.both(Act::Subscribe { who, device: 0, users }),
                2 => self.both(Act::Advance { millis: 900 }),
                _ => self.viewer_acts(),
            }
        }
    }
}
