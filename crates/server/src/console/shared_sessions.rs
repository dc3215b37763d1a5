//! The open sessions of the console. A single node keeps the sessions in its memory. Nodes that share the facts keep
//! the sessions in the facts.

use super::operators_file::{Operator, Operators, OperatorsError};
use super::sessions::{Opened, Sessions, Use};
use super::stored_operators::{Documents, change_sessions, put_sessions};
use lamplight_model::{Moment, Now};
use parking_lot::{Mutex, MutexGuard};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// The minimum time between two recorded uses of a shared session. Without this minimum, each request would change the
/// facts. A use that is not recorded does not extend the session, so a session can end too early by up to this time.
const USE_NOTED_AFTER: Duration = Duration::from_secs(60);

/// The open sessions.
pub struct OpenSessions {
    operators: Arc<Operators>,
    /// The sessions of this node; unused if several nodes share their sessions.
    own: Mutex<Sessions>,
}

impl OpenSessions {
    /// Makes a handle for the sessions of these operators. The sessions are stored where the operators are stored.
    pub fn of(operators: Arc<Operators>) -> Self {
        Self { operators, own: Mutex::default() }
    }

    fn own(&self) -> MutexGuard<'_, Sessions> {
        self.own.lock()
    }

    /// Returns the CSRF token and the operator of the session with this token. Returns `None` if the session has ended.
    pub async fn enter(
        &self,
        token: &str,
        by: Use,
        now: Now,
    ) -> Result<Option<(String, Operator)>, OperatorsError> {
        let Some(facts) = self.operators.shared() else {
            let Some(name) = self.own().operator_of(token) else { return Ok(None) };
            let operator = self.operators.find(&name).await?;
            let Ok(entered) = self.own().enter(token, |_| Ok::<_, Infallible>(operator), by, now.moment);
            return Ok(entered);
        };
        let documents = Documents::read(&**facts).await?;
        let operators = documents.operators()?;
        let (mut sessions, revision): (Sessions, _) = documents.sessions()?;
        let used = sessions.last_use(token);
        let moment = shared_moment(now);
        let Ok(entered) = sessions.enter(token, |name| Ok::<_, Infallible>(operators.find(name)), by, moment);
        let is_old = used.is_some_and(|used| moment.since(used) >= USE_NOTED_AFTER);
        if entered.is_some() && is_old && sessions.last_use(token) != used {
            // If another node has changed the sessions since they were read, or if the write fails, the next request
            // notes the use.
            if let Err(error) = put_sessions(&**facts, revision, &sessions).await {
                tracing::debug!(%error, "the use of a session of the console could not be noted");
            }
        }
        Ok(entered)
    }

    /// Opens a session for an operator whose password has been verified.
    pub async fn open(&self, operator: &Operator, now: Now) -> Result<Opened, OperatorsError> {
        let (token, csrf_token) = (rand::random(), rand::random());
        let Some(facts) = self.operators.shared() else {
            return Ok(self.own().open(token, csrf_token, operator.clone(), now.moment));
        };
        let open =
            |sessions: &mut Sessions| sessions.open(token, csrf_token, operator.clone(), shared_moment(now));
        change_sessions(&**facts, open).await
    }

    /// Ends a session.
    pub async fn close(&self, token: &str) -> Result<(), OperatorsError> {
        match self.operators.shared() {
            None => self.own().close(token),
            Some(facts) => {
                change_sessions(&**facts, |sessions: &mut Sessions| sessions.close(token)).await?;
            }
        }
        Ok(())
    }
}

/// Returns the time that measures the age of shared sessions. It is the wall-clock time, which all nodes share and
/// which continues after a restart of a node.
fn shared_moment(now: Now) -> Moment {
    Moment(now.wall.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::operators_file::OperatorName;
    use crate::console::sessions::{IDLE, LIFETIME};
    use lamplight_facts::Facts;
    use lamplight_facts_sqlite::SqliteFacts;
    use lamplight_model::Timestamp;

    /// Makes two nodes that share facts, with a password for `admin`.
    async fn two_nodes() -> ([OpenSessions; 2], Operator, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let facts: Arc<dyn Facts> = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
        let node = async || {
            let operators = Operators::open(Some(Arc::clone(&facts)), folder.path()).await;
            OpenSessions::of(Arc::new(operators.unwrap()))
        };
        let nodes = [node().await, node().await];
        let admin = OperatorName::admin();
        nodes[0].operators.set_password(&admin, Some("open sesame")).await.unwrap();
        let admin = nodes[1].operators.find(&admin).await.unwrap().unwrap();
        (nodes, admin, folder)
    }

    /// Returns a time at this second. The monotonic part is random, because the monotonic clocks of nodes are
    /// unrelated.
    fn at(second: u64) -> Now {
        Now { moment: Moment(rand::random()), wall: Timestamp(1_700_000_000_000 + second * 1_000) }
    }

    async fn is_open(node: &OpenSessions, session: &Opened, by: Use, second: u64) -> bool {
        let entered = node.enter(&session.token, by, at(second)).await.unwrap();
        entered.is_some_and(|(csrf_token, _)| csrf_token == session.csrf_token)
    }

    #[tokio::test]
    async fn a_login_at_one_node_counts_at_every_node_and_so_does_its_end() {
        let ([here, there], admin, _folder) = two_nodes().await;
        let opened = here.open(&admin, at(0)).await.unwrap();
        let other = there.open(&admin, at(1)).await.unwrap();
        for node in [&here, &there] {
            assert!(is_open(node, &opened, Use::Person, 2).await);
            assert!(is_open(node, &other, Use::Person, 2).await);
        }
        there.close(&opened.token).await.unwrap();
        assert!(!is_open(&here, &opened, Use::Person, 3).await);
        assert!(is_open(&here, &other, Use::Person, 3).await);
        there.operators.set_password(&admin.name, Some("another word")).await.unwrap();
        assert!(!is_open(&here, &other, Use::Person, 4).await);
        assert!(!is_open(&there, &other, Use::Person, 4).await);
    }

    #[tokio::test]
    async fn the_use_of_a_session_at_any_node_keeps_it_and_is_noted_once_a_minute() {
        let ([here, there], admin, _folder) = two_nodes().await;
        let session = here.open(&admin, at(0)).await.unwrap();
        let revision = async || {
            let documents = Documents::read(&**here.operators.shared().unwrap()).await.unwrap();
            documents.sessions::<Sessions>().unwrap().1
        };
        let first = revision().await;
        for second in [1, 30, 59] {
            assert!(is_open(&there, &session, Use::Person, second).await);
        }
        assert_eq!(revision().await, first);
        assert!(is_open(&there, &session, Use::Background, 100).await);
        assert_eq!(revision().await, first, "a page that refreshes itself is no use");
        let (idle, lifetime) = (IDLE.as_secs(), LIFETIME.as_secs());
        for second in (60..lifetime).step_by(idle as usize - 60) {
            let node = [&here, &there][(second / 60 % 2) as usize];
            assert!(is_open(node, &session, Use::Person, second).await, "at {second}");
        }
        assert!(!is_open(&here, &session, Use::Person, lifetime).await);
    }

    #[tokio::test]
    async fn logins_at_several_nodes_at_once_lose_no_session() {
        let ([here, there], admin, _folder) = two_nodes().await;
        let opened = (0..8).map(|n| [&here, &there][n % 2].open(&admin, at(0)));
        for session in futures_util::future::join_all(opened).await {
            assert!(is_open(&here, &session.unwrap(), Use::Background, 1).await);
        }
    }
}
