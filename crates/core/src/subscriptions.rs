//! The subscription list of one user; the earliest subscriptions are evicted first.

use hashbrown::HashSet;
use lamplight_model::UserId;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The users to whom an account is subscribed, earliest first. All devices of the account share the list.
///
/// To save memory, the list is one text (length, id, length, id, …). A length is one character, because an id has at
/// most 32 bytes of ASCII.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Subscriptions {
    packed: Box<str>,
}

/// The outcome of [`Subscriptions::subscribe`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Subscribed {
    /// The users who are new on the list, in the order given.
    pub added: Vec<UserId>,
    /// The users who were evicted, earliest first. They may include users of this call.
    pub evicted: Vec<UserId>,
}

impl Subscriptions {
    /// The number of users on the list.
    pub fn len(&self) -> usize {
        self.texts().count()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// The users, earliest subscribed first.
    pub fn iter(&self) -> impl Iterator<Item = UserId> {
        self.texts().map(|text| UserId::new(text).expect("only ids were packed"))
    }

    /// Whether `is_meant` returns `true` for the `userID` of any user on the list.
    pub fn any(&self, is_meant: impl FnMut(&str) -> bool) -> bool {
        self.texts().any(is_meant)
    }

    /// Appends users to the list. A user who is already on it moves to the end. A user who is given twice counts once,
    /// at the last position. If the list exceeds `limit`, the earliest users are evicted (SPEC section 3).
    pub fn subscribe(&mut self, users: &[UserId], limit: usize) -> Subscribed {
        let mut newest: Vec<UserId> = Vec::with_capacity(users.len());
        let mut seen = HashSet::with_capacity_and_hasher(users.len(), foldhash::fast::FixedState::default());
        for user in users.iter().rev() {
            if seen.insert(user.as_str()) {
                newest.push(user.clone());
            }
        }
        newest.reverse();

        let before: Vec<UserId> = self.iter().collect();
        let mut list: Vec<UserId> =
            before.iter().filter(|user| !seen.contains(user.as_str())).cloned().collect();
        list.extend(newest.iter().cloned());
        let evicted: Vec<UserId> = list.drain(..list.len().saturating_sub(limit)).collect();
        self.pack(list.iter());

        let not_new: HashSet<&str, foldhash::fast::FixedState> =
            before.iter().chain(&evicted).map(UserId::as_str).collect();
        let added = newest.iter().filter(|user| !not_new.contains(user.as_str())).cloned().collect();
        drop(not_new);
        Subscribed { added, evicted }
    }

    /// Removes users from the list. Returns the removed users in the order of the list.
    pub fn unsubscribe(&mut self, users: &[UserId]) -> Vec<UserId> {
        let gone: HashSet<&UserId, foldhash::fast::FixedState> = users.iter().collect();
        let (removed, kept): (Vec<_>, Vec<_>) = self.iter().partition(|user| gone.contains(user));
        if !removed.is_empty() {
            self.pack(kept.iter());
        }
        removed
    }

    /// Removes all users from the list and returns them.
    pub fn clear(&mut self) -> Vec<UserId> {
        let removed = self.iter().collect();
        self.packed = Box::default();
        removed
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let mut rest: &str = &self.packed;
        std::iter::from_fn(move || {
            let length = usize::from(*rest.as_bytes().first()?);
            let (id, tail) = rest[1..].split_at(length);
            rest = tail;
            Some(id)
        })
    }

    fn pack<'a>(&mut self, users: impl Iterator<Item = &'a UserId>) {
        let mut packed = String::new();
        users.for_each(|user| push(&mut packed, user.as_str()));
        self.packed = packed.into_boxed_str();
    }
}

/// Appends a `userID` to a packed list.
fn push(packed: &mut String, id: &str) {
    let length = u8::try_from(id.len()).expect("an id has at most 32 bytes");
    packed.push(char::from(length));
    packed.push_str(id);
}

/// Writes the list like a `Vec<UserId>`, without creating a `Vec`, because a record is saved at each change.
impl Serialize for Subscriptions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        self.texts().try_for_each(|text| list.serialize_element(text))?;
        list.end()
    }
}

/// Reads the list like a `Vec<UserId>`.
impl<'de> Deserialize<'de> for Subscriptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = Subscriptions;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of userIDs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Subscriptions, A::Error> {
        // The length comes from outside, so it reserves no more than a usual list has.
        let length = list.size_hint().unwrap_or(0).min(MOST_RESERVED);
        let mut packed = String::with_capacity(length * RESERVED_BYTES);
        while list.next_element_seed(Appended { to: &mut packed })?.is_some() {}
        Ok(Subscriptions { packed: packed.into_boxed_str() })
    }
}

/// The number of users for which memory is reserved when a list is read.
const MOST_RESERVED: usize = 200;
/// The number of bytes that are reserved for each user.
const RESERVED_BYTES: usize = 16;

/// Reads a `userID`, and appends it to a packed list.
struct Appended<'a> {
    to: &'a mut String,
}

impl<'de> DeserializeSeed<'de> for Appended<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Appended<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a userID")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        UserId::check(text).map_err(E::custom)?;
        push(self.to, text);
        Ok(())
    }
}

impl FromIterator<UserId> for Subscriptions {
    fn from_iter<I: IntoIterator<Item = UserId>>(users: I) -> Self {
        let users: Vec<UserId> = users.into_iter().collect();
        let mut list = Self::default();
        list.pack(users.iter());
        list
    }
}

impl std::fmt::Debug for Subscriptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.texts()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<UserId> {
        text.split_whitespace().map(|id| UserId::new(id).unwrap()).collect()
    }

    fn words(users: impl IntoIterator<Item = UserId>) -> String {
        users.into_iter().map(|user| user.to_string()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_earliest_leaves_when_the_list_is_full() {
        //  before      given       limit  after       added    evicted
        let table = [
            ("", "a", 3, "a", "a", ""),
            ("a b", "c", 3, "a b c", "c", ""),
            ("a b c", "d", 3, "b c d", "d", "a"),
            ("a b c", "a", 3, "b c a", "", ""),
            ("a b c", "a d", 3, "c a d", "d", "b"),
            ("a b c", "d d e d", 3, "c e d", "e d", "a b"),
            ("a", "b c d e", 3, "c d e", "c d e", "a b"),
            ("a b c", "", 3, "a b c", "", ""),
            ("a b c", "c", 2, "b c", "", "a"),
        ];
        for (before, given, limit, after, added, evicted) in table {
            let mut list: Subscriptions = ids(before).into_iter().collect();
            let done = list.subscribe(&ids(given), limit);
            assert_eq!(words(list.iter()), after, "{before} + {given}");
            assert_eq!(words(done.added), added, "{before} + {given}: added");
            assert_eq!(words(done.evicted), evicted, "{before} + {given}: evicted");
        }
    }

    #[test]
    fn unsubscribing_keeps_the_order_of_the_others() {
        let table = [("a b c", "b", "a c", "b"), ("a b c", "x", "a b c", ""), ("a b c", "c a", "b", "a c")];
        for (before, given, after, removed) in table {
            let mut list: Subscriptions = ids(before).into_iter().collect();
            assert_eq!(words(list.unsubscribe(&ids(given))), removed);
            assert_eq!(words(list.iter()), after);
        }
        let mut list: Subscriptions = ids("a b").into_iter().collect();
        assert_eq!(words(list.clear()), "a b");
        assert!(list.is_empty());
    }

    #[test]
    fn a_stored_list_has_the_bytes_of_a_vec_of_ids() {
        let longest = "x".repeat(UserId::MAX_BYTES);
        for users in ["", "a", "alice bob 0123456789", &longest, &format!("{longest} b ").repeat(100)] {
            let list: Subscriptions = ids(users).into_iter().collect();
            let bytes = postcard::to_stdvec(&list).unwrap();
            assert_eq!(bytes, postcard::to_stdvec(&ids(users)).unwrap(), "{users}");
            assert_eq!(postcard::from_bytes::<Subscriptions>(&bytes).unwrap(), list, "{users}");
        }
        for broken in [&[1][..], &[1, 2, b'a'], &[1, 0], &[1, 1, 7], &[1, 33]] {
            assert!(postcard::from_bytes::<Subscriptions>(broken).is_err(), "{broken:?}");
        }
    }
}
