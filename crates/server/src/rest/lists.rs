//! Lists in requests. A list stores at most as many entries as its command allows, so the memory of a request is
//! bounded.

use super::fields::check_batch;
use lamplight_model::Refusal;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;

/// The maximum that the settings of an app may set for the number of users in one call, such as `limits.query_batch`.
pub const MOST_BY_SETTING: usize = 10_000;

/// A collector of the entries of a JSON list, which it receives one by one.
pub trait Gather: Default {
    /// An entry of the list.
    type Entry;

    /// Processes the next entry.
    fn gather(&mut self, entry: Self::Entry);

    /// Called after the last entry. May release unused capacity.
    fn end(&mut self) {}
}

/// Deserializes a list into a collector. Fails if any entry has a wrong type, even an entry that the collector would
/// drop.
pub fn gather<'de, D: Deserializer<'de>, G: Gather<Entry: Deserialize<'de>>>(
    deserializer: D,
) -> Result<G, D::Error> {
    struct ListVisitor<G>(PhantomData<G>);

    impl<'de, G: Gather<Entry: Deserialize<'de>>> Visitor<'de> for ListVisitor<G> {
        type Value = G;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a sequence")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<G, A::Error> {
            let mut gathered = G::default();
            while let Some(entry) = list.next_element()? {
                gathered.gather(entry);
            }
            gathered.end();
            Ok(gathered)
        }
    }

    deserializer.deserialize_seq(ListVisitor(PhantomData))
}

/// A list that stores its first `MOST` entries, and counts all entries.
#[derive(PartialEq, Eq, Debug)]
pub struct List<T, const MOST: usize> {
    kept: Vec<T>,
    given: usize,
}

impl<T, const MOST: usize> Default for List<T, MOST> {
    fn default() -> Self {
        Self { kept: Vec::new(), given: 0 }
    }
}

impl<T, const MOST: usize> Gather for List<T, MOST> {
    type Entry = T;

    fn gather(&mut self, entry: T) {
        self.given += 1;
        if self.given <= MOST {
            self.kept.push(entry);
        }
    }

    fn end(&mut self) {
        self.kept.shrink_to_fit();
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        gather(deserializer)
    }
}

impl<T, const MOST: usize> List<T, MOST> {
    /// Returns the number of stored entries.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Returns the stored entries.
    pub fn entries(&self) -> &[T] {
        &self.kept
    }

    /// Returns the first entry; `None` if the list is empty.
    pub fn first(&self) -> Option<&T> {
        self.kept.first()
    }

    /// Returns the entries. Refuses an empty list, and one with more than `MOST` entries. The refusal names `field`.
    pub fn some(self, field: &str) -> Result<Vec<T>, Refusal> {
        self.within(field, MOST)
    }

    /// Returns the entries. Refuses a list with more than `MOST` entries, but not an empty one. The refusal names
    /// `field`.
    pub fn any(self, field: &str) -> Result<Vec<T>, Refusal> {
        if self.given == 0 { Ok(self.kept) } else { self.some(field) }
    }

    /// Returns the entries. Refuses an empty list, and one with more than `bound` or `MOST` entries. The refusal names
    /// `field`.
    pub fn within(self, field: &str, bound: usize) -> Result<Vec<T>, Refusal> {
        check_batch(field, self.given, bound.min(MOST))?;
        Ok(self.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::Code;

    fn read(json: &str) -> List<u8, 3> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_list_keeps_what_a_call_may_have_and_counts_the_rest() {
        assert_eq!(read("[1,2,3]").some("x").unwrap(), [1, 2, 3]);
        assert_eq!(read("[1,2,3,4,5]"), List { kept: vec![1, 2, 3], given: 5 });
        for (list, bound, refused) in [
            ("[]", 3, "x is empty"),
            ("[1,2,3]", 2, "x has 3 entries, at most 2 are allowed"),
            ("[1,2,3,4,5]", 3, "x has 5 entries, at most 3 are allowed"),
            ("[1,2,3,4,5]", 9, "x has 5 entries, at most 3 are allowed"),
        ] {
            assert_eq!(read(list).within("x", bound).unwrap_err().detail, refused, "{list}");
        }
        assert!(read("[]").any("x").unwrap().is_empty());
        assert_eq!(read("[1,2,3,4]").any("x").unwrap_err().code, Code::BATCH_TOO_LARGE);
    }

    #[test]
    fn an_entry_that_is_not_kept_is_still_of_its_type() {
        for wrong in ["[1,2,3,4,\"\"]", "{}", "1", "null"] {
            let read = serde_json::from_str::<List<u8, 3>>(wrong);
            assert!(read.unwrap_err().is_data(), "{wrong}");
        }
    }
}
