//! A simple model of the lists of users. A store is compared with the model after every step of a random history.
//!
//! The model stores every message, and counts unread messages by visiting all of them.

mod restrictions;

use super::{NOTHING_REVOKED, at, client_id, custom, id, ok};
use crate::{Befriended, Facts, ListsState, NewFriendship, NewMessage, RETRY_TIME, Sent};
use lamplight_model::{
    AllowType, AppId, Conversation, Friend, Message, Profile, ProfileChange, Timestamp, User, UserId,
    Visibility,
};
use std::collections::BTreeMap;

/// After any history, all results and all readable data equal the model's.
///
/// Each history uses a separate app.
pub async fn any_history_leaves_what_a_naive_model_says(facts: &dyn Facts) {
    for history in 0..8_u64 {
        let numbers: Vec<u64> = (0..100).map(|n| mixed(history * 1_000 + n)).collect();
        check(facts, AppId(history as u32 + 1), &numbers).await;
    }
}

/// Runs the history that `numbers` encode in an empty app, one step for each number. Panics if the store and the model
/// differ.
pub async fn check(facts: &dyn Facts, app: AppId, numbers: &[u64]) {
    let mut model = Model::new(app);
    let mut played = vec!["Create them all".to_owned()];
    for name in NAMES {
        model.play(facts, Step::Create(id(name)), at(1), at(1), &played).await;
    }
    for (n, number) in numbers.iter().enumerate() {
        // Several steps have the same time, and several times are within the retry time.
        let now = at(1_000 + n as u64 / 3 * MOMENT);
        // An account that is created again has another creation time.
        let made = at(10_000 + 1_000 * n as u64);
        let step = Step::of(*number);
        played.push(format!("{step:?}"));
        model.play(facts, step, now, made, &played).await;
        model.compare(facts, &played).await;
    }
}

/// The time between two consecutive moments of a history, in milliseconds.
const MOMENT: u64 = RETRY_TIME.as_secs() * 1_000 / 4;

/// The ids of the users. There are few users, so that conversations become long. The ids are not in byte order.
const NAMES: [&str; 3] = ["b", "a", "B"];

#[derive(Debug)]
enum Step {
    Create(UserId),
    Delete(UserId),
    SetProfile(UserId, ProfileChange),
    Befriend { owner: UserId, friend: UserId, both: bool, ask: bool, limit: usize, words: String },
    SetRemark { owner: UserId, friend: UserId, remark: String },
    Unfriend { owner: UserId, friend: UserId, both: bool },
    SetVisibility(UserId, Visibility),
    Block { owner: UserId, users: Vec<UserId>, limit: usize },
    Unblock { owner: UserId, users: Vec<UserId> },
    Send { from: UserId, to: UserId, called: u64, text: u64 },
    Read { owner: UserId, peer: UserId, sequence: Option<u64> },
    Pin { owner: UserId, peer: UserId, pinned: bool },
    DeleteConversation { owner: UserId, peer: UserId },
    Forget { age: u64 },
}

impl Step {
    fn of(number: u64) -> Self {
        let mut dice = Dice(number);
        let kind = dice.below(32);
        let (one, other) = (dice.name(), dice.name());
        match kind {
            0 | 1 => Self::Create(one),
            2 => Self::Delete(one),
            3 => {
                let mut change = ProfileChange::default();
                match dice.below(3) {
                    0 => change.nick = Some(format!("nick {}", dice.below(2))),
                    1 => change.avatar_url = Some(format!("https://{}", dice.below(2))),
                    _ => change.allow = Some([AllowType::AllowAny, AllowType::DenyAny][dice.index(2)]),
                }
                Self::SetProfile(one, change)
            }
            // The caller of the port prevents users from adding themselves as friends.
            4..=7 if one == other => Self::Create(one),
            4 | 5 => Self::Befriend {
                owner: one,
                friend: other,
                both: dice.coin(),
                ask: dice.coin(),
                limit: 1 + dice.index(3),
                words: ["", "words 0", "words 1"][dice.index(3)].to_owned(),
            },
            6 => Self::SetRemark { owner: one, friend: other, remark: format!("remark {}", dice.below(2)) },
            7 => Self::Unfriend { owner: one, friend: other, both: dice.coin() },
            8..=12 => {
                let sequence = Some(dice.below(10)).filter(|_| dice.below(8) > 0);
                Self::Read { owner: one, peer: other, sequence }
            }
            13 => Self::Pin { owner: one, peer: other, pinned: dice.coin() },
            14 => Self::DeleteConversation { owner: one, peer: other },
            15 => Self::Forget { age: dice.below(10) * MOMENT },
            16 => Self::SetVisibility(one, Visibility::ALL[dice.index(3)]),
            17 => Self::Block { owner: one, users: dice.names(), limit: dice.index(4) },
            18 | 19 => Self::Unblock { owner: one, users: dice.names() },
            _ => Self::Send { from: one, to: other, called: dice.below(4), text: dice.below(3) },
        }
    }
}

/// Derives several small numbers from one number.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        let rolled = self.0 % bound;
        self.0 /= bound;
        rolled
    }

    fn index(&mut self, bound: usize) -> usize {
        self.below(bound as u64) as usize
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    fn name(&mut self) -> UserId {
        id(NAMES[self.index(NAMES.len())])
    }

    /// Returns up to three names, which may be equal.
    fn names(&mut self) -> Vec<UserId> {
        (0..self.below(4)).map(|_| self.name()).collect()
    }
}

/// Returns a pseudo-random number (splitmix64).
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

struct Model {
    app: AppId,
    accounts: BTreeMap<UserId, Account>,
    friends: BTreeMap<(UserId, UserId), Entry>,
    /// The entries of the block lists: the owner, the blocked user, and the time.
    blocks: BTreeMap<(UserId, UserId), Timestamp>,
    /// The messages between two users, ordered by sequence. The smaller id comes first in the key.
    messages: BTreeMap<(UserId, UserId), Vec<Kept>>,
    rows: BTreeMap<(UserId, UserId), Row>,
}

struct Account {
    made: Timestamp,
    version: u64,
    profile: Profile,
    visibility: Visibility,
}

#[derive(Clone, PartialEq)]
struct Entry {
    remark: String,
    source: String,
    wording: String,
    added: Timestamp,
}

struct Kept {
    message: Message,
    /// The creation time of the account that sent the message. If the sender's account was deleted and created again
    /// since, the present account has another creation time.
    made: Timestamp,
    forgotten: bool,
}

struct Row {
    cleared: u64,
    read: u64,
    /// An upper bound of the unread count. It is exact until messages are deleted, because a store may forget the
    /// senders of deleted messages.
    unread: u32,
    pinned: bool,
    active: Timestamp,
}

impl Model {
    fn new(app: AppId) -> Self {
        let (accounts, friends, blocks, messages, rows) = Default::default();
        Self { app, accounts, friends, blocks, messages, rows }
    }

    /// Applies the step to the store and to the model, and compares the answers.
    async fn play(
        &mut self,
        facts: &dyn Facts,
        step: Step,
        now: Timestamp,
        made: Timestamp,
        played: &[String],
    ) {
        let app = self.app;
        let user = |id: &UserId| User::new(app, id.clone());
        match step {
            Step::Create(id) => {
                let created = ok(facts.create_account(user(&id), made)).await.made;
                assert_eq!(created, !self.accounts.contains_key(&id), "{played:#?}");
                let (version, profile, visibility) = (made.0, Profile::default(), Visibility::Everyone);
                self.accounts.entry(id).or_insert(Account { made, version, profile, visibility });
            }
            Step::Delete(id) => {
                let deleted = ok(facts.delete_account(user(&id), NOTHING_REVOKED)).await;
                assert_eq!(deleted.is_some(), self.accounts.remove(&id).is_some(), "{played:#?}");
                for (owner, friend) in self.friends.keys() {
                    if *friend == id
                        && let Some(account) = self.accounts.get_mut(owner)
                    {
                        account.version += 1;
                    }
                }
                self.friends.retain(|(owner, friend), _| *owner != id && *friend != id);
                self.blocks.retain(|(owner, _), _| *owner != id);
                self.rows.retain(|(owner, _), _| *owner != id);
            }
            Step::SetProfile(id, change) => {
                let set = ok(facts.set_profile(user(&id), change.clone())).await;
                let Some(account) = self.accounts.get_mut(&id) else {
                    assert_eq!(set, None, "{played:#?}");
                    return;
                };
                let before = account.profile.clone();
                change.apply(&mut account.profile);
                let changed = before != account.profile;
                account.version += u64::from(changed);
                let set = set.expect("there is an account");
                assert_eq!((&set.profile, set.changed), (&account.profile, changed), "{played:#?}");
                assert_eq!(set.state, self.state(&id), "{played:#?}");
            }
            Step::Befriend { owner, friend, both, ask, limit, words } => {
                let (outcome, changed) = self.befriend(&owner, &friend, both, ask, limit, &words, now);
                let (remark, source, wording) = (words.clone(), words.clone(), words);
                let new = NewFriendship {
                    owner: user(&owner),
                    friend,
                    both,
                    remark,
                    source,
                    wording,
                    at: now,
                    limit,
                    ask,
                };
                let friend = new.friend.clone();
                let done = ok(facts.befriend(new)).await;
                assert_eq!(done.outcome, outcome, "{played:#?}");
                assert_eq!((done.owner_changed, done.friend_changed), changed, "{played:#?}");
                let states = (self.state(&owner), self.state(&friend));
                assert_eq!((done.owner_state, done.friend_state), states, "{played:#?}");
                let entry = self.friend(&owner, &friend).filter(|_| outcome == Befriended::Done);
                assert_eq!((done.entry, done.back), (entry, self.friend(&friend, &owner)), "{played:#?}");
            }
            Step::SetRemark { owner, friend, remark } => {
                let set = ok(facts.set_remark(user(&owner), friend.clone(), remark.clone())).await;
                let Some(entry) = self.friends.get_mut(&(owner.clone(), friend.clone())) else {
                    assert_eq!(set, None, "{played:#?}");
                    return;
                };
                let changed = entry.remark != remark;
                entry.remark = remark;
                self.count_up(&owner, changed);
                let set = set.expect("there is an entry");
                assert_eq!(Some(set.entry), self.friend(&owner, &friend), "{played:#?}");
                assert_eq!((set.changed, set.state), (changed, self.state(&owner)), "{played:#?}");
            }
            Step::Unfriend { owner, friend, both } => {
                let done = ok(facts.unfriend(user(&owner), friend.clone(), both)).await;
                let forth = self.friends.remove(&(owner.clone(), friend.clone())).is_some();
                let back = both && self.friends.remove(&(friend.clone(), owner.clone())).is_some();
                let left = self.friend(&friend, &owner);
                self.count_up(&owner, forth);
                self.count_up(&friend, back || (forth && left.is_some()));
                assert_eq!((done.forth, done.back, done.left), (forth, back, left), "{played:#?}");
                let states = (self.state(&owner), self.state(&friend));
                assert_eq!((done.owner_state, done.friend_state), states, "{played:#?}");
            }
            Step::SetVisibility(id, visibility) => self.set_visibility(facts, id, visibility, played).await,
            Step::Block { owner, users, limit } => {
                self.block(facts, owner, users, now, limit, played).await;
            }
            Step::Unblock { owner, users } => self.unblock(facts, owner, users, played).await,
            Step::Send { from, to, called, text } => {
                let client_id = client_id(&called.to_string());
                let body = match text {
                    // A custom message that is displayed like a text message, but is a different message.
                    0 => custom("data", "text 1", "extension"),
                    _ => format!("text {text}").as_str().into(),
                };
                let from = User::new(self.app, from);
                let new = NewMessage { from, to, body, client_id, at: now, push: None };
                self.send(facts, new, played).await;
            }
            Step::Read { owner, peer, sequence } => self.read(facts, owner, peer, sequence, played).await,
            Step::Pin { owner, peer, pinned } => {
                let set = ok(facts.pin_conversation(user(&owner), peer.clone(), pinned)).await;
                let Some(row) = self.rows.get_mut(&(owner.clone(), peer.clone())) else {
                    assert_eq!(set, None, "{played:#?}");
                    return;
                };
                let changed = std::mem::replace(&mut row.pinned, pinned) != pinned;
                self.count_up(&owner, changed);
                let set = set.expect("there is a row");
                assert_eq!(Some(set.conversation), self.row(&owner, &peer), "{played:#?}");
                assert_eq!((set.changed, set.state), (changed, self.state(&owner)), "{played:#?}");
            }
            Step::DeleteConversation { owner, peer } => {
                let deleted = ok(facts.delete_conversation(user(&owner), peer.clone())).await;
                let there = self.rows.remove(&(owner.clone(), peer)).is_some();
                self.count_up(&owner, there);
                assert_eq!(deleted, there.then(|| self.state(&owner)), "{played:#?}");
            }
            Step::Forget { age } => {
                let before = at(now.0.saturating_sub(age));
                let forgotten = ok(facts.forget_messages(self.app, before, usize::MAX)).await;
                let mut expected = 0;
                for kept in self.messages.values_mut().flatten() {
                    if !kept.forgotten && kept.message.at < before {
                        kept.forgotten = true;
                        expected += 1;
                    }
                }
                assert_eq!(forgotten, expected, "{played:#?}");
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn befriend(
        &mut self,
        owner: &UserId,
        friend: &UserId,
        both: bool,
        ask: bool,
        limit: usize,
        words: &str,
        now: Timestamp,
    ) -> (Befriended, (bool, bool)) {
        let refused = |outcome| (outcome, (false, false));
        if !self.accounts.contains_key(owner) {
            return refused(Befriended::NoSuchOwner);
        }
        let Some(account) = self.accounts.get(friend) else { return refused(Befriended::NoSuchFriend) };
        let (forth, back) = ((owner.clone(), friend.clone()), (friend.clone(), owner.clone()));
        let (had, had_back) = (self.friends.contains_key(&forth), self.friends.contains_key(&back));
        let entries = |of: &UserId| self.friends.keys().filter(|(owner, _)| owner == of).count();
        if !had && entries(owner) >= limit {
            return refused(Befriended::ListFull);
        }
        if both && !had_back && entries(friend) >= limit {
            return refused(Befriended::FriendListFull);
        }
        let denies = account.profile.allow == AllowType::DenyAny || self.blocks.contains_key(&back);
        if ask && denies && (!had || (both && !had_back)) {
            return refused(Befriended::Denied);
        }

        let before = [self.friend(owner, friend), self.friend(friend, owner)];
        let source = words.to_owned();
        let new =
            Entry { remark: source.clone(), source: source.clone(), wording: source.clone(), added: now };
        let entry = self.friends.entry(forth).or_insert(new);
        if !words.is_empty() {
            for text in [&mut entry.remark, &mut entry.source, &mut entry.wording] {
                words.clone_into(text);
            }
        }
        if both {
            let (remark, wording) = Default::default();
            self.friends.entry(back).or_insert(Entry { remark, source, wording, added: now });
        }
        let after = [self.friend(owner, friend), self.friend(friend, owner)];
        let changed = (before[0] != after[0], before[1] != after[1]);
        self.count_up(owner, changed.0);
        self.count_up(friend, changed.1);
        (Befriended::Done, changed)
    }

    async fn send(&mut self, facts: &dyn Facts, new: NewMessage, played: &[String]) {
        let sent = ok(facts.send_message(new.clone())).await;
        let NewMessage { from: User { id: from, .. }, to, body, client_id: called, at: now, push: _ } = new;
        let Some(sender) = self.accounts.get(&from) else {
            assert_eq!(sent, Sent::NoSuchSender, "{played:#?}");
            return;
        };
        let made = sender.made;
        let mut all = self.messages.get(&pair(&from, &to)).into_iter().flatten().rev();
        let before = all.find(|kept| {
            let Message { from: sender, at, body: said, client_id, .. } = &kept.message;
            let is_same = (sender, said, client_id) == (&from, &body, &called);
            is_same && !kept.forgotten && kept.made == made && now.0 - at.0 < RETRY_TIME.as_millis() as u64
        });
        if let Some(kept) = before {
            assert_eq!(sent, Sent::Repeated(kept.message.clone()), "{played:#?}");
            return;
        }
        if !self.accounts.contains_key(&to) {
            assert_eq!(sent, Sent::NoSuchRecipient, "{played:#?}");
            return;
        }
        if self.blocks.contains_key(&(to.clone(), from.clone())) {
            assert_eq!(sent, Sent::Blocked, "{played:#?}");
            return;
        }

        let kept = self.messages.entry(pair(&from, &to)).or_default();
        let sequence = kept.len() as u64 + 1;
        let message =
            Message { from: from.clone(), to: to.clone(), sequence, at: now, body, client_id: called };
        kept.push(Kept { message: message.clone(), made, forgotten: false });
        let ends = if from == to { vec![(&from, &to)] } else { vec![(&from, &to), (&to, &from)] };
        for (owner, peer) in ends {
            let (cleared, read) = (sequence - 1, sequence - 1);
            let new = Row { cleared, read, unread: 0, pinned: false, active: now };
            let row = self.rows.entry((owner.clone(), peer.clone())).or_insert(new);
            row.active = now;
            row.unread += u32::from(*owner != from);
            self.count_up(owner, true);
        }
        let Sent::Stored(stored) = sent else { panic!("{sent:?}: {played:#?}") };
        assert_eq!(stored.message, message, "{played:#?}");
        for (set, owner, peer) in [(stored.sender, &from, &to), (stored.recipient, &to, &from)] {
            assert_eq!(Some(set.conversation), self.row(owner, peer), "{played:#?}");
            assert_eq!((set.changed, set.state), (true, self.state(owner)), "{played:#?}");
        }
    }

    async fn read(
        &mut self,
        facts: &dyn Facts,
        owner: UserId,
        peer: UserId,
        sequence: Option<u64>,
        played: &[String],
    ) {
        let set = ok(facts.mark_read(User::new(self.app, owner.clone()), peer.clone(), sequence)).await;
        let kept = self.messages.get(&pair(&owner, &peer)).map_or(&[][..], Vec::as_slice);
        let Some(row) = self.rows.get_mut(&(owner.clone(), peer.clone())) else {
            assert_eq!(set, None, "{played:#?}");
            return;
        };
        let last = kept.len() as u64;
        let read = sequence.map_or(last, |sequence| sequence.min(last)).max(row.read);
        let changed = read != row.read;
        let set = set.expect("there is a row");
        if changed {
            let later = kept.iter().filter(|kept| kept.message.sequence > read);
            let (mut least, mut most) = (0, 0);
            for kept in later.filter(|_| owner != peer) {
                least += u32::from(kept.message.from == peer);
                most += u32::from(kept.message.from == peer || kept.forgotten);
            }
            let unread = set.conversation.unread;
            assert!(
                least <= unread && unread <= most.min(row.unread),
                "{least} {unread} {most}: {played:#?}"
            );
            row.unread = unread;
            row.read = read;
        }
        self.count_up(&owner, changed);
        assert_eq!(Some(set.conversation), self.row(&owner, &peer), "{played:#?}");
        assert_eq!((set.changed, set.state), (changed, self.state(&owner)), "{played:#?}");
    }

    /// Compares all readable data of the store with the model.
    async fn compare(&self, facts: &dyn Facts, played: &[String]) {
        let users: Vec<User> = NAMES.map(|name| User::new(self.app, id(name))).into();
        let there = |user: &User| self.accounts.get(&user.id);
        let profiles: Vec<_> = users.iter().map(|user| there(user).map(|it| it.profile.clone())).collect();
        assert_eq!(ok(facts.profiles(users.clone())).await, profiles, "{played:#?}");
        let states: Vec<_> = users.iter().map(|user| there(user).map(|_| self.state(&user.id))).collect();
        assert_eq!(ok(facts.lists_states(users.clone())).await, states, "{played:#?}");
        self.compare_restrictions(facts, &users, played).await;
        for user in users {
            let ids = || NAMES.iter().map(|name| id(name));
            let mut friends: Vec<Friend> = ids().filter_map(|it| self.friend(&user.id, &it)).collect();
            friends.sort_by(|one, other| one.id.cmp(&other.id));
            assert_eq!(ok(facts.friend_page(user.clone(), None, 100)).await, friends, "{played:#?}");
            let mut rows: Vec<Conversation> = ids().filter_map(|peer| self.row(&user.id, &peer)).collect();
            rows.sort_by(|one, other| {
                let place =
                    |row: &Conversation| (!row.pinned, std::cmp::Reverse(row.active), row.peer.clone());
                place(one).cmp(&place(other))
            });
            assert_eq!(ok(facts.conversations(user.clone(), None, 100)).await, rows, "{played:#?}");
            if let Some(first) = rows.first() {
                let rest = ok(facts.conversations(user.clone(), Some(first.cursor()), 100)).await;
                assert_eq!(rest, rows[1..], "{played:#?}");
            }
            for row in rows {
                let history = ok(facts.history(user.clone(), row.peer.clone(), None, 1_000)).await;
                assert_eq!(history, self.history(&user.id, &row.peer), "{played:#?}");
            }
        }
    }

    fn count_up(&mut self, id: &UserId, changed: bool) {
        if let Some(account) = self.accounts.get_mut(id) {
            account.version += u64::from(changed);
        }
    }

    fn state(&self, id: &UserId) -> ListsState {
        let Some(account) = self.accounts.get(id) else { return ListsState::default() };
        let rows = self.rows.iter().filter(|((owner, _), _)| owner == id);
        ListsState { version: account.version, total_unread: rows.map(|(_, row)| row.unread).sum() }
    }

    fn profile(&self, id: &UserId) -> Profile {
        self.accounts.get(id).map(|account| account.profile.clone()).unwrap_or_default()
    }

    fn friend(&self, owner: &UserId, friend: &UserId) -> Option<Friend> {
        let Entry { remark, source, wording, added } =
            self.friends.get(&(owner.clone(), friend.clone()))?.clone();
        let mutual = self.friends.contains_key(&(friend.clone(), owner.clone()));
        Some(Friend {
            id: friend.clone(),
            remark,
            mutual,
            added,
            source,
            wording,
            profile: self.profile(friend),
        })
    }

    fn row(&self, owner: &UserId, peer: &UserId) -> Option<Conversation> {
        let row = self.rows.get(&(owner.clone(), peer.clone()))?;
        Some(Conversation {
            peer: peer.clone(),
            last: self.history(owner, peer).into_iter().next(),
            unread: row.unread,
            read_sequence: row.read,
            pinned: row.pinned,
            active: row.active,
            profile: self.profile(peer),
            remark: self.friend(owner, peer).map(|friend| friend.remark).unwrap_or_default(),
        })
    }

    /// Returns the history as the owner sees it, newest first.
    fn history(&self, owner: &UserId, peer: &UserId) -> Vec<Message> {
        let Some(row) = self.rows.get(&(owner.clone(), peer.clone())) else { return Vec::new() };
        let kept = self.messages.get(&pair(owner, peer)).into_iter().flatten().rev();
        kept.filter(|kept| !kept.forgotten && kept.message.sequence > row.cleared)
            .map(|kept| kept.message.clone())
            .collect()
    }
}

fn pair(one: &UserId, other: &UserId) -> (UserId, UserId) {
    if one <= other { (one.clone(), other.clone()) } else { (other.clone(), one.clone()) }
}
