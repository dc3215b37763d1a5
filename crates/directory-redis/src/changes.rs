//! Changes of records. A node computes the new record and its log entries. A script then writes both, if the stored
//! record still has the revision that the node has used.

use crate::batch::{Delivery, encode_change};
use crate::errors::{bad_record, contended, corrupt};
use crate::keys::member;
use crate::reading::{MAX_ATTEMPTS, read_one};
use crate::record::{Indexed, decode, encode, encode_at, first_revision, revision};
use crate::shared::Shared;
use lamplight_core::Presence;
use lamplight_directory::{Change, DirectoryError, Logged};
use lamplight_model::{Now, Timestamp, User};
use redis::{FromRedisValue, ScriptInvocation, Value};
use std::time::Instant;

/// The answer of a script that writes a record or a log batch.
pub(crate) enum Answered {
    /// The change was written. The value is the number of the log batch, or 0 without a batch.
    Done(u64),
    /// The record has another revision. The value is the current record.
    Again(Vec<u8>),
    /// The record does not exist.
    Absent,
    /// The partition has another epoch than the call, so nothing was written.
    EpochEnded,
}

pub(crate) async fn update(
    shared: &Shared,
    user: &User,
    now: Now,
    change: Change<'_>,
) -> Result<Option<Logged>, DirectoryError> {
    let doing = "updating a record";
    let partition = shared.keys.partition_of(user);
    let _lock = shared.lock_user(user).await;
    // The epoch is read before the record: a later epoch could have the same revision with other content.
    let mut read_in = shared.epoch_of(partition);
    let cached = shared.cache.take(user, read_in, Instant::now());
    let mut may_be_stale = cached.is_some();
    let mut found = match cached {
        Some(bytes) => Some(bytes),
        None => read_one(shared, user, doing).await?,
    };
    for _ in 0..MAX_ATTEMPTS {
        let Some(bytes) = found else { return Ok(None) };
        let (rev, mut presence) = decode(&bytes).map_err(bad_record(doing))?;
        let (before, was_deleted) = (Indexed::of(&presence), presence.is_deleted());
        let mut transition = change(&mut presence);
        let after = Indexed::of(&presence);
        // The return of an account is not visible to watchers, but readers of the feed need it.
        let moves = transition.visible || transition.restricted || was_deleted != presence.is_deleted();
        let next = if transition.changed { (rev + 1).max(first_revision(read_in)) } else { rev };
        let logged = Logged::of(user, &presence, next, &mut transition, now);
        if !transition.changed && !moves && logged.entries.is_empty() {
            if may_be_stale {
                may_be_stale = false;
                read_in = shared.epoch_of(partition);
                found = read_one(shared, user, doing).await?;
                continue;
            }
            // A login looks at its record, and then changes it.
            shared.cache.put_read(user, read_in, &bytes);
            return Ok(Some(logged));
        }
        may_be_stale = false;
        let record = encode_at(next, &presence, shared.record_format()).map_err(bad_record(doing))?;
        let batch = match logged.entries.is_empty() && !moves {
            true => Vec::new(),
            false => encode_change(user, &logged, now.wall, moves).map_err(|error| corrupt(doing, error))?,
        };

        let steps = Steps::between(shared, user, &before, &after, moves);
        let mut call = shared.scripts.update.prepare_invoke();
        call.key(shared.keys.head(partition)).key(shared.keys.records(partition, user.app));
        steps.keys.into_iter().for_each(|key| _ = call.key(key));
        call.arg(read_in).arg(user.id.as_str()).arg(revision(rev)).arg(&record[..]);
        call.arg(&batch[..]).arg(shared.keys.channel(partition)).arg(steps.letters);
        steps.arguments.into_iter().for_each(|argument| _ = call.arg(argument));
        match invoke(shared, partition, &call, doing).await? {
            Answered::Done(number) => {
                shared.cache.put_written(user, read_in, record, Instant::now());
                if number > 0 {
                    shared.offer(partition, number, Delivery::of(&logged, moves));
                }
                return Ok(Some(logged));
            }
            Answered::Again(bytes) => {
                shared.counts.conflicts.add(1);
                found = Some(bytes);
            }
            Answered::Absent => return Ok(None),
            Answered::EpochEnded => {
                shared.renew(&[partition], doing).await?;
                read_in = shared.epoch_of(partition);
                found = read_one(shared, user, doing).await?;
            }
        }
    }
    Err(contended(doing))
}

/// The steps for the script `update`: the differences between two states of a record.
#[derive(Default)]
struct Steps {
    letters: String,
    keys: Vec<String>,
    arguments: Vec<String>,
}

impl Steps {
    fn between(shared: &Shared, user: &User, before: &Indexed, after: &Indexed, moves: bool) -> Self {
        let (keys, partition) = (&shared.keys, shared.keys.partition_of(user));
        let mut steps = Self::default();
        if moves {
            steps.push('f', keys.feed(partition, user.app), []);
        }
        if before.due != after.due {
            match after.due {
                Some(score) => steps.push('z', keys.due(partition), [score.to_string(), member(user)]),
                None => steps.push('r', keys.due(partition), [member(user)]),
            }
        }
        match (before.has_events, after.has_events) {
            (false, true) => steps.push('z', keys.events(partition), ["0".to_owned(), member(user)]),
            (true, false) => steps.push('r', keys.events(partition), [member(user)]),
            (true, true) | (false, false) => {}
        }
        for node in before.nodes.difference(&after.nodes) {
            steps.push('x', keys.node(partition, *node), [member(user)]);
        }
        for node in after.nodes.difference(&before.nodes) {
            steps.push('s', keys.node(partition, *node), [member(user)]);
        }
        for (field, by) in before.counters(after) {
            steps.letters.push('c');
            steps.arguments.extend([field.to_owned(), by.to_string()]);
        }
        steps
    }

    fn push<const N: usize>(&mut self, letter: char, key: String, arguments: [String; N]) {
        self.letters.push(letter);
        self.keys.push(key);
        self.arguments.extend(arguments);
    }
}

/// Stores a record. See [`Directory::seed_read_in`](lamplight_directory::Directory::seed_read_in).
pub(crate) async fn seed(
    shared: &Shared,
    user: &User,
    presence: Presence,
    read_in: Timestamp,
) -> Result<(), DirectoryError> {
    let doing = "making a record";
    let partition = shared.keys.partition_of(user);
    // The epoch of the directory is raised before that of a partition. A record that is made of older facts is
    // therefore not stored in the later epoch of the partition.
    let epoch = shared.epoch_of(partition);
    if shared.epoch() != read_in.0 {
        return Err(DirectoryError::read_in_other_epoch());
    }
    let record = encode(&presence, shared.record_format()).map_err(bad_record(doing))?;
    let shown = Indexed::of(&presence);
    let mut call = shared.scripts.seed.prepare_invoke();
    call.key(shared.keys.head(partition)).key(shared.keys.records(partition, user.app));
    call.key(shared.keys.feed(partition, user.app)).key(shared.keys.due(partition));
    call.key(shared.keys.events(partition));
    shown.nodes.iter().for_each(|node| _ = call.key(shared.keys.node(partition, *node)));
    call.arg(epoch).arg(user.id.as_str()).arg(&record[..]).arg(member(user));
    match shown.due {
        Some(score) => call.arg(score),
        None => call.arg(""),
    };
    call.arg(if shown.has_events { "+" } else { "" }).arg(first_revision(epoch));
    for (field, by) in Indexed::default().counters(&shown) {
        call.arg(field).arg(by);
    }
    match invoke(shared, partition, &call, doing).await? {
        Answered::Done(_) => Ok(()),
        Answered::EpochEnded => {
            shared.renew(&[partition], doing).await?;
            Err(DirectoryError::read_in_other_epoch())
        }
        Answered::Again(_) | Answered::Absent => unreachable!("the script compares no revision"),
    }
}

pub(crate) async fn remove_if(
    shared: &Shared,
    user: &User,
    condition: fn(&Presence) -> bool,
) -> Result<(), DirectoryError> {
    let doing = "removing a record";
    let partition = shared.keys.partition_of(user);
    let _lock = shared.lock_user(user).await;
    let mut found = read_one(shared, user, doing).await?;
    for _ in 0..MAX_ATTEMPTS {
        let Some(bytes) = found else { return Ok(()) };
        let (rev, presence) = decode(&bytes).map_err(bad_record(doing))?;
        if !condition(&presence) {
            return Ok(());
        }
        let shown = Indexed::of(&presence);
        let mut call = shared.scripts.remove.prepare_invoke();
        call.key(shared.keys.head(partition)).key(shared.keys.records(partition, user.app));
        call.key(shared.keys.feed(partition, user.app)).key(shared.keys.due(partition));
        call.key(shared.keys.events(partition));
        shown.nodes.iter().for_each(|node| _ = call.key(shared.keys.node(partition, *node)));
        call.arg(shared.epoch_of(partition)).arg(user.id.as_str()).arg(revision(rev)).arg(member(user));
        call.arg(user.app.0).arg(rev + 1);
        for (field, by) in shown.counters(&Indexed::default()) {
            call.arg(field).arg(by);
        }
        match invoke(shared, partition, &call, doing).await? {
            Answered::Done(_) | Answered::Absent => return Ok(()),
            Answered::Again(bytes) => {
                shared.counts.conflicts.add(1);
                found = Some(bytes);
            }
            Answered::EpochEnded => {
                shared.renew(&[partition], doing).await?;
                found = read_one(shared, user, doing).await?;
            }
        }
    }
    Err(contended(doing))
}

pub(crate) async fn invoke(
    shared: &Shared,
    partition: u16,
    call: &ScriptInvocation<'_>,
    doing: &'static str,
) -> Result<Answered, DirectoryError> {
    let unknown = || corrupt(doing, "a script answered what it should not");
    let answer: Value = shared.invoke(partition, call, doing).await?;
    if let Value::Int(number) = answer {
        return number.try_into().map(Answered::Done).map_err(|_| unknown());
    }
    let parts = Vec::<Vec<u8>>::from_redis_value(answer).map_err(|error| corrupt(doing, error))?;
    let mut parts = parts.into_iter();
    let (kind, value) = (parts.next().unwrap_or_default(), parts.next());
    match (&kind[..], value) {
        (b"again", Some(bytes)) => Ok(Answered::Again(bytes)),
        (b"absent", None) => Ok(Answered::Absent),
        (b"epoch", None) => Ok(Answered::EpochEnded),
        _ => Err(unknown()),
    }
}
