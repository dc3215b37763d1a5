//! The audit log. The entry for an operator's change is written before the change is made; its outcome is added
//! afterwards. If the entry cannot be written, the change is not made.

mod changes;

pub use changes::{act_on_app, act_on_blocks, letters, shown_allow, shown_profile, shown_url};

use crate::clock::Clock;
use lamplight_facts::{AuditSettled, Facts, FactsError};
use lamplight_model::{
    AppId, AuditAction, AuditChange, AuditEntry, COMMAND_LINE, Code, NewAuditEntry, Visibility,
};
use lamplight_service::ServiceError;
use std::net::IpAddr;
use std::sync::Arc;

/// The maximum length of a text in an entry, in characters; longer texts are cut off.
const MOST_LETTERS: usize = 200;

/// The audit log, which records the changes that operators make.
#[derive(Clone)]
pub struct Audit {
    facts: Arc<dyn Facts>,
    clock: Clock,
}

/// An action that an operator is about to perform and that the audit log records, such as a change of an app.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Act {
    /// The action.
    pub action: AuditAction,
    /// The app that the change concerns; `None` when it concerns no app.
    pub app: Option<AppId>,
    /// The name of the changed object, for example a user or a key.
    pub target: String,
    /// The changed fields.
    pub changes: Vec<AuditChange>,
}

/// The details that an operation that succeeded adds to its entry in the audit log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Note {
    /// Details of the outcome; may be empty.
    pub text: String,
    /// Changed fields, each with the value that the operation has replaced. The entry was written before the operation,
    /// so another operation may have changed the field in between.
    pub replaced: Vec<(&'static str, String)>,
}

impl From<String> for Note {
    fn from(text: String) -> Self {
        Self { text, replaced: Vec::new() }
    }
}

/// The person who makes a change: the name and the address that the audit log records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    name: String,
    address: Option<String>,
}

/// The error of an operation that the audit log records. The error is either a refusal or a fault.
pub trait Unsuccessful {
    /// Returns the text of the error if it is a fault. Returns `None` for a refusal, which changes nothing and is not
    /// recorded.
    fn fault(&self) -> Option<String>;
}

impl Actor {
    /// Makes the actor for an operator of the console.
    pub fn operator(name: impl Into<String>, address: IpAddr) -> Self {
        Self { name: name.into(), address: Some(address.to_string()) }
    }

    /// Makes the actor for the command line on the server's machine.
    pub fn command_line() -> Self {
        Self { name: COMMAND_LINE.to_owned(), address: None }
    }
}

impl Act {
    /// Makes an act on the object with the name `target`. The act has no changed fields yet.
    pub fn on(action: AuditAction, app: Option<AppId>, target: impl AsRef<str>) -> Self {
        Self { action, app, target: short(target.as_ref()), changes: Vec::new() }
    }

    /// Adds a changed field, with its values before and after the change.
    #[must_use]
    pub fn with(mut self, what: &str, before: &str, after: &str) -> Self {
        let (before, after) = (short(before), short(after));
        self.changes.push(AuditChange { what: what.to_owned(), before, after });
        self
    }

    /// Sets the value that the changed field `what` had before the change. Does nothing if the act has no such field.
    #[must_use]
    pub fn before(mut self, what: &str, before: &str) -> Self {
        for change in self.changes.iter_mut().filter(|change| change.what == what) {
            change.before = short(before);
        }
        self
    }
}

impl Audit {
    /// Makes the audit log, whose entries are stored in the database.
    pub fn new(facts: Arc<dyn Facts>, clock: Clock) -> Self {
        Self { facts, clock }
    }

    /// Reads at most `limit` entries, newest first. If `app` is given, reads only entries of that app. If `before` is
    /// given, reads only entries that are older than the entry with that number.
    pub async fn entries(
        &self,
        app: Option<AppId>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, FactsError> {
        self.facts.audit_entries(app, before, limit).await
    }

    /// Writes the entry for an act, runs `change`, and adds the outcome and `note` to the entry. Removes the entry after
    /// a refusal. Also removes the entry if `note` returns `None`, because nothing was changed.
    ///
    /// The caller must poll this future to its end, even if the requester has disconnected.
    pub async fn record<T, E: Unsuccessful + From<FactsError>, N: Into<Note>>(
        &self,
        by: Actor,
        act: Act,
        change: impl Future<Output = Result<T, E>>,
        note: impl FnOnce(&T) -> Option<N>,
    ) -> Result<T, E> {
        let Actor { name, address } = by;
        let Act { action, app, target, changes } = act.clone();
        let at = self.clock.now().wall;
        let entry = NewAuditEntry { at, by: name, address, app, action, target, changes };
        let id = self.facts.begin_audit(entry).await?;
        let done = change.await;
        let settled = match &done {
            Ok(value) => match note(value).map(Into::into) {
                None => AuditSettled::Nothing,
                Some(Note { text, replaced }) if replaced.is_empty() => {
                    AuditSettled::Done { note: short(&text), changes: None }
                }
                Some(Note { text, replaced }) => {
                    let act = replaced.iter().fold(act, |act, (what, before)| act.before(what, before));
                    AuditSettled::Done { note: short(&text), changes: Some(act.changes) }
                }
            },
            Err(error) => {
                error.fault().map_or(AuditSettled::Nothing, |why| AuditSettled::Failed { note: short(&why) })
            }
        };
        // If this fails, the entry has no outcome, although the change has been made.
        if let Err(error) = self.facts.settle_audit(id, settled).await {
            tracing::warn!(%error, id, "the outcome of a change could not be added to its entry in the audit log");
        }
        done
    }
}

impl Unsuccessful for ServiceError {
    fn fault(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) if refusal.code != Code::INTERNAL => None,
            Self::Refused(_) | Self::Facts(_) | Self::Directory(_) => Some(self.to_string()),
        }
    }
}

/// Returns an empty note, for changes whose outcome needs no text.
pub fn done<T>(_: &T) -> Option<String> {
    Some(String::new())
}

/// Returns the note for a changed visibility, which has replaced `was`.
pub fn visibility_replaced(was: Visibility) -> Note {
    Note { text: String::new(), replaced: vec![("visibility", was.name().to_owned())] }
}

/// Cuts a text off at the maximum length, and adds `…` if it was longer.
fn short(text: &str) -> String {
    let mut letters = text.chars();
    let cut: String = letters.by_ref().take(MOST_LETTERS).collect();
    if letters.next().is_some() { cut + "…" } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_facts_sqlite::SqliteFacts;
    use lamplight_model::AuditOutcome;

    #[derive(Debug)]
    struct Fails(Option<&'static str>);

    impl Unsuccessful for Fails {
        fn fault(&self) -> Option<String> {
            self.0.map(str::to_owned)
        }
    }

    impl From<FactsError> for Fails {
        fn from(_: FactsError) -> Self {
            Self(Some("facts"))
        }
    }

    #[tokio::test]
    async fn an_entry_is_there_before_the_change_and_says_afterwards_how_it_came_out() {
        let folder = tempfile::tempdir().unwrap();
        let facts: Arc<dyn Facts> = Arc::new(SqliteFacts::open(&folder.path().join("facts")).unwrap());
        let audit = Audit::new(Arc::clone(&facts), Clock::default());
        let newest = async || facts.audit_entries(None, None, 1).await.unwrap().pop();
        for (outcome, note, expected) in [
            (Ok(()), Some("2 letters"), Some((AuditOutcome::Done, "2 letters"))),
            (Ok(()), None, None),
            (Err(None), None, None),
            (Err(Some("the disk is full")), None, Some((AuditOutcome::Failed, "the disk is full"))),
        ] {
            let before = newest().await.map(|entry| entry.id);
            let act = Act::on(AuditAction::LettersDropped, None, "");
            let change = async {
                let entry = newest().await.unwrap();
                assert_eq!(entry.outcome, AuditOutcome::Begun, "it is there while it is done");
                outcome.map_err(Fails)
            };
            let done = audit.record(Actor::command_line(), act, change, |()| note.map(str::to_owned)).await;
            assert_eq!(done.is_ok(), outcome.is_ok());
            let after = newest().await.filter(|entry| Some(entry.id) != before);
            let after = after.as_ref().map(|entry| (entry.outcome, &entry.note[..]));
            assert_eq!(after, expected, "{outcome:?} {note:?}");
        }
    }

    /// Another operator has set `friends` after this one has read `everyone`.
    #[tokio::test]
    async fn an_entry_names_the_value_that_the_change_has_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let facts: Arc<dyn Facts> = Arc::new(SqliteFacts::open(&folder.path().join("facts")).unwrap());
        let audit = Audit::new(Arc::clone(&facts), Clock::default());
        let act = Act::on(AuditAction::VisibilitySet, None, "alice").with("visibility", "everyone", "nobody");
        let change = async { Ok::<_, Fails>(Visibility::Friends) };
        let note = |was: &Visibility| Some(visibility_replaced(*was));
        audit.record(Actor::command_line(), act, change, note).await.unwrap();
        let entry = facts.audit_entries(None, None, 1).await.unwrap().remove(0);
        let shown = entry.changes.iter().map(|it| format!("{}: {} to {}", it.what, it.before, it.after));
        assert_eq!(shown.collect::<Vec<_>>(), ["visibility: friends to nobody"]);
        assert_eq!((entry.outcome, &entry.note[..]), (AuditOutcome::Done, ""));
    }

    #[test]
    fn actions_and_outcomes_are_written_by_their_names() {
        for action in AuditAction::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.name());
        }
        for outcome in [AuditOutcome::Begun, AuditOutcome::Done, AuditOutcome::Failed] {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.name());
        }
    }

    #[test]
    fn a_text_is_cut_between_letters() {
        assert_eq!(short("听".repeat(200).as_str()), "听".repeat(200));
        assert_eq!(short("听".repeat(201).as_str()), "听".repeat(200) + "…");
    }
}
