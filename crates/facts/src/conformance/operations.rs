//! Rules about the audit log and the stored metrics.

use super::{APP, OTHER_APP, at, ok};
use crate::{
    AUDIT_FORGOTTEN_AT_ONCE, AUDIT_KEPT, AUDIT_SLACK, AuditSettled, Facts, Figure, FiguresRead,
    MAX_AUDIT_ENTRIES,
};
use lamplight_model::{
    AppId, AuditAction, AuditChange, AuditEntry, AuditOutcome, COMMAND_LINE, NewAuditEntry,
};

fn entry(app: Option<AppId>, target: &str, when: u64) -> NewAuditEntry {
    NewAuditEntry {
        at: at(when),
        by: COMMAND_LINE.to_owned(),
        address: None,
        app,
        action: AuditAction::UserKicked,
        target: target.to_owned(),
        changes: Vec::new(),
    }
}

async fn begin(facts: &dyn Facts, app: Option<AppId>, target: &str, when: u64) -> u64 {
    ok(facts.begin_audit(entry(app, target, when))).await
}

async fn targets(facts: &dyn Facts, app: Option<AppId>, before: Option<u64>, limit: usize) -> Vec<String> {
    let entries: Vec<AuditEntry> = ok(facts.audit_entries(app, before, limit)).await;
    entries.into_iter().map(|entry| entry.target).collect()
}

/// An entry is read back unchanged, with its address and every kind of value.
pub async fn an_audit_entry_comes_back_whole(facts: &dyn Facts) {
    for (number, action) in AuditAction::ALL.iter().enumerate() {
        let change = |what: &str, before: &str, after: &str| AuditChange {
            what: what.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        let new = NewAuditEntry {
            at: at(number as u64),
            by: "ann".to_owned(),
            address: Some("2001:db8::1".to_owned()),
            app: Some(AppId(u32::MAX)),
            action: *action,
            target: "用户 \"1'".to_owned(),
            changes: vec![
                change("limits.subscriptions", "200", "300"),
                change("webhooks.token", "", "(set)"),
            ],
        };
        let id = ok(facts.begin_audit(new.clone())).await;
        let found = ok(facts.audit_entries(None, None, 1)).await.remove(0);
        let NewAuditEntry { at, by, address, app, action, target, changes } = new;
        let (outcome, note) = (AuditOutcome::Begun, String::new());
        assert_eq!(found, AuditEntry { id, at, by, address, app, action, target, changes, outcome, note });
    }
}

/// The entry of an operation that succeeded or failed is kept with its note. The entry of an operation without an
/// effect is removed.
pub async fn an_audit_entry_is_settled(facts: &dyn Facts) {
    let [one, two, three] = [
        begin(facts, None, "a", 1).await,
        begin(facts, None, "b", 2).await,
        begin(facts, None, "c", 3).await,
    ];
    let done = |note: &str, changes| AuditSettled::Done { note: note.to_owned(), changes };
    let fields = || ok(facts.audit_entries(None, None, 9));
    let begun = fields().await.pop().expect("the oldest").changes;
    ok(facts.settle_audit(one, done("3 letters", None))).await;
    assert_eq!(fields().await.pop().expect("the oldest").changes, begun);
    let found =
        vec![AuditChange { what: "visibility".into(), before: "friends".into(), after: "nobody".into() }];
    ok(facts.settle_audit(one, done("3 letters", Some(found.clone())))).await;
    assert_eq!(fields().await.pop().expect("the oldest").changes, found);
    ok(facts.settle_audit(two, AuditSettled::Failed { note: "the disk".to_owned() })).await;
    ok(facts.settle_audit(three, AuditSettled::Nothing)).await;
    ok(facts.settle_audit(three, done("", Some(found)))).await;
    let entries = ok(facts.audit_entries(None, None, 9)).await;
    let settled: Vec<_> =
        entries.iter().map(|entry| (&entry.target[..], entry.outcome, &entry.note[..])).collect();
    assert_eq!(settled, [("b", AuditOutcome::Failed, "the disk"), ("a", AuditOutcome::Done, "3 letters")]);
    let later = begin(facts, None, "d", 4).await;
    assert!(later > three, "no id is used again");
}

/// Entries are listed newest first, in consecutive pages, for one app or for all apps.
pub async fn audit_entries_come_in_pages_of_an_app_or_of_all(facts: &dyn Facts) {
    let mut ids = Vec::new();
    for (number, app) in [Some(APP), Some(OTHER_APP), None, Some(APP)].into_iter().enumerate() {
        ids.push(begin(facts, app, &number.to_string(), 1).await);
    }
    assert_eq!(targets(facts, None, None, 9).await, ["3", "2", "1", "0"]);
    assert_eq!(targets(facts, None, None, 2).await, ["3", "2"]);
    assert_eq!(targets(facts, None, Some(ids[2]), 9).await, ["1", "0"]);
    assert_eq!(targets(facts, Some(APP), None, 9).await, ["3", "0"]);
    assert_eq!(targets(facts, Some(APP), Some(ids[3]), 9).await, ["0"]);
    assert_eq!(targets(facts, Some(AppId(77)), None, 9).await, [""; 0]);
    assert_eq!(targets(facts, None, None, 0).await, [""; 0]);
}

/// Entries are kept for 90 days, exact to the millisecond.
pub async fn audit_entries_are_kept_for_90_days(facts: &dyn Facts) {
    let kept = AUDIT_KEPT.as_millis() as u64;
    begin(facts, None, "old", 1_000).await;
    begin(facts, None, "new", 1_001).await;
    begin(facts, None, "at the bound", 1_000 + kept).await;
    assert_eq!(targets(facts, None, None, 9).await, ["at the bound", "new", "old"]);
    begin(facts, None, "past it", 1_001 + kept).await;
    assert_eq!(targets(facts, None, None, 9).await, ["past it", "at the bound", "new"]);
}

/// An entry with a time far in the future removes only a few of the oldest entries.
pub async fn a_clock_far_ahead_does_not_empty_the_audit_log(facts: &dyn Facts) {
    let far = 100 * AUDIT_KEPT.as_millis() as u64;
    for number in 0..20 {
        begin(facts, None, &number.to_string(), 1_000 + number).await;
    }
    begin(facts, None, "far ahead", far).await;
    let left = targets(facts, None, None, 99).await;
    assert_eq!(left.len() as u64, 1 + 20 - AUDIT_FORGOTTEN_AT_ONCE, "{left:?}");
    assert_eq!(left.last(), Some(&AUDIT_FORGOTTEN_AT_ONCE.to_string()), "the oldest go first");
    begin(facts, None, "set right", 2_000).await;
    assert_eq!(targets(facts, None, None, 99).await.len(), left.len() + 1);
}

/// Above the limit, the oldest entries are removed. Entries of operations without effect do not count.
pub async fn audit_entries_are_only_so_many(facts: &dyn Facts) {
    let first = begin(facts, None, "first", 1).await;
    for _ in 0..2 * AUDIT_SLACK {
        let id = begin(facts, None, "refused", 1).await;
        ok(facts.settle_audit(id, AuditSettled::Nothing)).await;
    }
    for _ in 0..MAX_AUDIT_ENTRIES / 1_000 {
        let many = (0..1_000).map(|_| facts.begin_audit(entry(Some(APP), "more", 2)));
        for id in futures_util::future::join_all(many).await {
            id.expect("an entry is taken");
        }
    }
    for _ in 0..=AUDIT_SLACK {
        begin(facts, None, "last", 3).await;
    }
    let all = ok(facts.audit_entries(None, None, usize::MAX)).await;
    assert!(
        (MAX_AUDIT_ENTRIES..=MAX_AUDIT_ENTRIES + AUDIT_SLACK).contains(&(all.len() as u64)),
        "{}",
        all.len()
    );
    assert!(all.last().is_some_and(|oldest| oldest.id > first));
    assert_eq!(all[0].target, "last");
}

/// Records are listed in ascending order of their times and nodes. A new record replaces the record with the same
/// level, time and node.
pub async fn figures_are_replaced_read_and_forgotten(facts: &dyn Facts) {
    let of = |node: &str, level, when, content: &str| Figure {
        level,
        at: at(when),
        node: node.to_owned(),
        content: content.to_owned(),
    };
    let figure = |level, when, content: &str| of("", level, when, content);
    let from = |when| FiguresRead { level: 1, from: at(when), ..FiguresRead::default() };
    let written =
        vec![figure(1, 20, "b"), figure(1, 10, "a"), figure(2, 10, "c"), figure(1, 30, "{\"线\":1}")];
    ok(facts.put_figures(written, Vec::new())).await;
    ok(facts.put_figures(vec![figure(1, 20, "B")], Vec::new())).await;
    let all = ok(facts.figures(from(0), 9)).await;
    assert_eq!(all, [figure(1, 10, "a"), figure(1, 20, "B"), figure(1, 30, "{\"线\":1}")]);
    assert_eq!(ok(facts.figures(from(20), 1)).await, [figure(1, 20, "B")]);
    ok(facts.put_figures(vec![figure(1, 40, "d")], vec![(1, at(30)), (3, at(99))])).await;
    assert_eq!(ok(facts.figures(from(0), 9)).await, [figure(1, 30, "{\"线\":1}"), figure(1, 40, "d")]);
    let coarse = FiguresRead { level: 2, ..from(0) };
    assert_eq!(ok(facts.figures(coarse, 9)).await, [figure(2, 10, "c")]);

    // Nodes do not replace the records of each other. A name may contain any character.
    for node in ["灯\0", "a"] {
        ok(facts.put_figures(vec![of(node, 1, 40, node), of(node, 1, 50, node)], Vec::new())).await;
    }
    let all = [
        figure(1, 30, "{\"线\":1}"),
        figure(1, 40, "d"),
        of("a", 1, 40, "a"),
        of("灯\0", 1, 40, "灯\0"),
        of("a", 1, 50, "a"),
        of("灯\0", 1, 50, "灯\0"),
    ];
    for limit in 1..=all.len() {
        let mut read: Vec<Figure> = Vec::new();
        loop {
            let after = read.last().map(|last| (last.at, last.node.clone()));
            let page = ok(facts.figures(FiguresRead { after, ..from(0) }, limit)).await;
            if page.is_empty() {
                break;
            }
            read.extend(page);
        }
        assert_eq!(read, all, "{limit}");
    }
    for (node, expected) in [("灯\0", &[3, 5][..]), ("a", &[2, 4]), ("", &[0, 1]), ("b", &[])] {
        let read = ok(facts.figures(FiguresRead { node: Some(node.to_owned()), ..from(0) }, 9)).await;
        let expected: Vec<_> = expected.iter().map(|index| all[*index].clone()).collect();
        assert_eq!(read, expected, "{node}");
    }
    // The records of a node that is gone are deleted by any other node.
    ok(facts.put_figures(vec![of("b", 1, 60, "e")], vec![(1, at(50))])).await;
    let kept = ok(facts.figures(from(0), 9)).await;
    assert_eq!(kept, [all[4].clone(), all[5].clone(), of("b", 1, 60, "e")]);
}

/// A document is stored only if the caller has read its latest revision.
pub async fn a_document_of_the_console_is_replaced_by_its_revision(facts: &dyn Facts) {
    let put = async |name: &str, was, content: &str| {
        ok(facts.put_console_document(name.to_owned(), was, content.to_owned())).await
    };
    let shown = async || -> Vec<String> {
        let documents = ok(facts.console_documents()).await.into_iter();
        documents.map(|it| format!("{} {} {}", it.name, it.revision, it.content)).collect()
    };
    assert_eq!(shown().await, [""; 0]);
    assert!(!put("b", Some(1), "early").await);
    assert!(put("b", None, "first").await);
    assert!(!put("b", None, "another first").await);
    assert!(!put("b", Some(0), "old").await);
    assert!(put("b", Some(1), "用户 \0 \"'").await);
    assert!(!put("b", Some(1), "late").await);
    assert!(put("a", None, "").await);
    assert_eq!(shown().await, ["a 1 ", "b 2 用户 \0 \"'"]);
}
