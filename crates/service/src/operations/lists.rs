//! Parts that the operations on profiles, friends and messages share: the initiator, page sizes, and notifications.
//!
//! Lists are stored in the facts. After the commit, clients are notified through the change log. If a store fails so
//! that the commit is uncertain, [`News::ListsUnknown`] makes the clients read the lists again.

use crate::{Service, ServiceError};
use lamplight_directory::{ListsChange, ListsNews, News};
use lamplight_facts::{FactsError, FactsErrorKind, ListsState};
use lamplight_model::{Code, ConnectionId, Refusal, User};
use smallvec::SmallVec;
use std::future::Future;
use std::sync::Arc;

/// The initiator of an operation: a client connection, or the app.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// A user, over this connection. Rate limits and batch limits apply, and a friend must allow being added. This
    /// connection gets the answer, and the other connections of the user are notified.
    Client(ConnectionId),
    /// The app, through its backend or an operator. These have limits of their own. All connections of the user are
    /// notified.
    App,
}

impl By {
    /// The connection that gets the answer; `None` for the app.
    pub(crate) fn connection(self) -> Option<ConnectionId> {
        match self {
            Self::Client(connection) => Some(connection),
            Self::App => None,
        }
    }

    /// The refusal of a caller who has no account. A client is such a caller if its account was deleted and its
    /// connection is not closed yet.
    pub(crate) fn no_such_caller(self, caller: &User) -> Refusal {
        match self {
            Self::Client(_) => Code::NOT_LOGGED_IN.into(),
            Self::App => Refusal::no_such_account(&caller.id),
        }
    }
}

/// An answer with the caller's lists version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed<T> {
    /// The value of the answer.
    pub value: T,
    /// The lists version of the caller after the call.
    pub version: u64,
}

impl Service {
    /// Reads the lists version of the caller. Lists that are read afterwards have this version or a newer one.
    pub(crate) async fn lists_state(&self, caller: &User, by: By) -> Result<ListsState, ServiceError> {
        let states = self.facts.lists_states(vec![caller.clone()]).await?;
        Ok(states.into_iter().next().flatten().ok_or_else(|| by.no_such_caller(caller))?)
    }

    /// Changes the lists of `users` with `change`. After success, the caller must publish the change without an await
    /// in between.
    ///
    /// If this future is dropped or the store fails, it is uncertain whether the change was committed. The devices of
    /// `users` are then told to read their lists again.
    pub(crate) async fn change_lists<T>(
        &self,
        users: impl IntoIterator<Item = User>,
        change: impl Future<Output = Result<T, FactsError>>,
    ) -> Result<T, ServiceError> {
        let mut untold = Untold { service: self, users: users.into_iter().collect() };
        let changed = change.await;
        let surely = match &changed {
            Ok(_) => true,
            Err(error) => match error.kind {
                FactsErrorKind::Overloaded => true,
                FactsErrorKind::Unavailable | FactsErrorKind::Corrupt => false,
            },
        };
        if surely {
            untold.users.clear();
        }
        Ok(changed?)
    }

    /// Returns a guard for a call whose changes were published and that still has to wait. The connection of the call is
    /// told of these changes by the answer alone. If the guard is dropped before the call
    /// [is answered](Untold::answered), because the call fails or is given up, the devices of `user` are therefore
    /// told to read their lists again.
    pub(crate) fn unanswered(&self, user: &User, by: By) -> Untold<'_> {
        let users = by.connection().map(|_| user.clone()).into_iter().collect();
        Untold { service: self, users }
    }

    /// Publishes a change of a user's lists to the user's devices.
    pub(crate) fn tell_lists(
        &self,
        user: &User,
        state: ListsState,
        by: Option<ConnectionId>,
        change: ListsChange,
    ) {
        let news = ListsNews { version: state.version, by, total_unread: state.total_unread, change };
        self.telling.tell(user, News::Lists(Arc::new(news)));
    }
}

/// The number of entries in a page: `limit`, or `most` if `limit` is 0. A higher limit is refused with 6017.
pub(crate) fn page_size(limit: u32, most: u32) -> Result<usize, Refusal> {
    if limit > most {
        let why = format!("a page has at most {most} entries, not {limit}");
        return Err(Refusal::because(Code::INVALID_PARAMETER, why));
    }
    let limit = if limit == 0 { most } else { limit };
    Ok(limit as usize)
}

/// The maximum total size, in bytes, of the texts in one page. Only texts that users have written count. If the texts
/// are longer, the page has fewer entries. The bound is low because JSON may escape one byte as six, and a wire message
/// may have at most 8 MiB.
pub(crate) const MAX_PAGE_TEXT: usize = 1024 * 1024;

/// The number of entries whose texts fit into a page. It is at least 1.
pub(crate) fn fitting(texts: impl Iterator<Item = usize>) -> usize {
    let mut bytes = 0;
    let fit = |text: &usize| {
        bytes += text;
        bytes <= MAX_PAGE_TEXT
    };
    texts.take_while(fit).count().max(1)
}

/// A guard for the users whose lists may have changed. When it is dropped, the clients of `users` are made to read
/// their lists again. If `users` is empty, dropping the guard does nothing.
#[must_use]
pub(crate) struct Untold<'a> {
    service: &'a Service,
    users: SmallVec<[User; 2]>,
}

impl Untold<'_> {
    /// Records that the answer tells the changes. The guard then does nothing.
    pub fn answered(mut self) {
        self.users.clear();
    }
}

impl Drop for Untold<'_> {
    fn drop(&mut self) {
        for user in self.users.drain(..) {
            self.service.telling.tell(&user, News::ListsUnknown);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_as_many_texts_as_fit_and_never_none() {
        let table: [(&[usize], usize); 5] = [
            (&[], 1),
            (&[MAX_PAGE_TEXT, 1], 1),
            (&[MAX_PAGE_TEXT + 1], 1),
            (&[MAX_PAGE_TEXT - 1, 1, 1], 2),
            (&[0, 0, 0], 3),
        ];
        for (texts, expected) in table {
            assert_eq!(fitting(texts.iter().copied()), expected, "{texts:?}");
        }
    }

    #[test]
    fn a_page_has_at_most_so_many_entries() {
        assert_eq!(page_size(0, 100), Ok(100));
        assert_eq!(page_size(1, 100), Ok(1));
        assert_eq!(page_size(100, 100), Ok(100));
        assert_eq!(page_size(101, 100).unwrap_err().code, Code::INVALID_PARAMETER);
    }
}
