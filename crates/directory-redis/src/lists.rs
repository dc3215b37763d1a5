//! Reads lists of users, either from indexes or by a scan of all records.

use crate::calls::Commands;
use crate::errors::corrupt;
use crate::figures::RedisCall;
use crate::keys::{member, user_of};
use crate::reading::read;
use crate::record::{decode, score};
use crate::shared::Shared;
use lamplight_core::Presence;
use lamplight_directory::{ConnectionPage, DirectoryError, RecordCursor, RecordFilter, RecordPage};
use lamplight_model::{AppId, Moment, NodeId, User, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// The approximate number of records or users in one step of a scan.
const SCANNED_AT_ONCE: usize = 200;

/// The number of partitions that are scanned in one round trip.
const PARTITIONS_AT_ONCE: usize = 32;

/// The approximate number of records that are read for one page of a list.
const LISTED_AT_ONCE: usize = 20_000;

/// The number of bits that the cursor of `HSCAN` has in the part of a [`RecordCursor`]. They are the low bits; the high
/// bits are the partition. A cursor of `HSCAN` is less than the size of the hash table, so 48 bits suffice.
const SCAN_BITS: u32 = 48;

/// The answer to one step of `HSCAN`: the next cursor, which is 0 after the last step, and fields with their values.
type Step = (u64, Vec<(String, Vec<u8>)>);

pub(crate) async fn due(
    shared: &Shared,
    partition: u16,
    now: Moment,
    limit: usize,
) -> Result<Vec<User>, DirectoryError> {
    let doing = "listing users who are due";
    if partition >= shared.settings.partitions {
        return Ok(Vec::new());
    }
    let mut commands = Commands::default();
    let range = commands.add(partition, "ZRANGE").arg(shared.keys.due(partition));
    range.arg("-inf").arg(score(now)).arg("BYSCORE").arg("LIMIT").arg(0).arg(limit);
    let members: Vec<Vec<Vec<u8>>> = shared.query(&commands, doing).await?;
    users(members.into_iter().flatten().collect(), doing)
}

pub(crate) async fn with_events(
    shared: &Shared,
    partition: u16,
    after: Option<&User>,
    limit: usize,
) -> Result<Vec<User>, DirectoryError> {
    let doing = "listing users with session events";
    if partition >= shared.settings.partitions {
        return Ok(Vec::new());
    }
    let start = after.map_or_else(|| "-".to_owned(), |after| format!("({}", member(after)));
    let mut commands = Commands::default();
    let range = commands.add(partition, "ZRANGE").arg(shared.keys.events(partition));
    range.arg(start).arg("+").arg("BYLEX").arg("LIMIT").arg(0).arg(limit);
    let members: Vec<Vec<Vec<u8>>> = shared.query(&commands, doing).await?;
    users(members.into_iter().flatten().collect(), doing)
}

pub(crate) async fn connections_of(
    shared: &Shared,
    node: NodeId,
    partition: u16,
    after: Option<u64>,
) -> Result<ConnectionPage, DirectoryError> {
    let doing = "listing the connections of a node";
    if partition >= shared.settings.partitions {
        return Ok(ConnectionPage::default());
    }
    let mut commands = Commands::default();
    let scan = commands.add(partition, "SSCAN").arg(shared.keys.node(partition, node));
    scan.arg(after.unwrap_or(0)).arg("COUNT").arg(SCANNED_AT_ONCE);
    let mut steps: Vec<(u64, Vec<Vec<u8>>)> = shared.query(&commands, doing).await?;
    let (next, members) = steps.pop().unwrap_or_default();
    let users = users(members, doing)?;
    let mut connections = Vec::new();
    for (user, record) in users.iter().zip(read(shared, &users, doing).await?) {
        let Some(record) = record else { continue };
        // The other connections of a lost node have to be ended.
        let presence = match decode(&record) {
            Ok((_, presence)) => presence,
            Err(error) => {
                shared.pass_over_bad_record(RedisCall::List, user, &error);
                continue;
            }
        };
        let own = presence.connections().filter(|connection| connection.node == node);
        connections.extend(own.map(|connection| (user.clone(), connection)));
    }
    Ok(ConnectionPage { connections, next: (next != 0).then_some(next) })
}

pub(crate) async fn records_of(
    shared: &Shared,
    app: AppId,
    filter: RecordFilter,
    after: Option<&RecordCursor>,
    limit: usize,
) -> Result<RecordPage, DirectoryError> {
    let doing = "listing records";
    let mut part = after.map_or(0, RecordCursor::part);
    let mut after = after.and_then(RecordCursor::after).cloned();
    let (mut users, mut looked_at) = (Vec::new(), 0);
    while let Some((partition, cursor)) = place(part).filter(|it| it.0 < shared.settings.partitions) {
        for (partition, (next, records)) in scan(shared, app, partition, cursor, doing).await? {
            looked_at += records.len();
            let mut found = Vec::new();
            for (id, presence) in records {
                if after.as_ref().is_none_or(|after| id > *after) && filter.takes(&presence) {
                    found.push(User::new(app, id));
                }
            }
            found.sort_unstable();
            let room = limit - users.len();
            let is_cut = found.len() > room;
            users.extend(found.into_iter().take(room));
            if is_cut {
                let last = users.last().filter(|_| room > 0).map(|user: &User| user.id.clone());
                return Ok(RecordPage { users, next: Some(RecordCursor::new(part, last.or(after))) });
            }
            after = None;
            part = match next {
                0 => part_of(partition + 1, 0),
                next => part_of(partition, next),
            };
            if next != 0 {
                // The rest of this partition is read before the partitions that were scanned with it.
                break;
            }
        }
        if (users.len() >= limit || looked_at >= LISTED_AT_ONCE)
            && place(part).is_some_and(|it| it.0 < shared.settings.partitions)
        {
            return Ok(RecordPage { users, next: Some(RecordCursor::new(part, None)) });
        }
    }
    Ok(RecordPage { users, next: None })
}

/// Returns the users whose subscription lists contain any user in `of`.
pub(crate) async fn subscribed_to(shared: &Shared, of: &[User]) -> Result<Vec<User>, DirectoryError> {
    let doing = "listing subscribers";
    let mut by_app: BTreeMap<AppId, BTreeSet<&str>> = BTreeMap::new();
    of.iter().for_each(|user| _ = by_app.entry(user.app).or_default().insert(user.id.as_str()));
    let mut found = BTreeSet::new();
    for (app, ids) in by_app {
        let (mut partition, mut cursor) = (0, 0);
        while partition < shared.settings.partitions {
            for (scanned, (next, records)) in scan(shared, app, partition, cursor, doing).await? {
                for (id, presence) in records {
                    if presence.subscriptions().iter().any(|of| ids.contains(of.as_str())) {
                        found.insert(User::new(app, id));
                    }
                }
                (partition, cursor) = if next == 0 { (scanned + 1, 0) } else { (scanned, next) };
                if next != 0 {
                    break;
                }
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Makes one step of the scan of a partition. The first step of a partition also makes the first steps of the
/// partitions that follow.
async fn scan(
    shared: &Shared,
    app: AppId,
    partition: u16,
    cursor: u64,
    doing: &'static str,
) -> Result<Vec<(u16, (u64, Vec<(UserId, Presence)>))>, DirectoryError> {
    let together = if cursor == 0 { PARTITIONS_AT_ONCE } else { 1 };
    let scanned: Vec<u16> = (partition..shared.settings.partitions).take(together).collect();
    let mut commands = Commands::default();
    for partition in &scanned {
        let scan = commands.add(*partition, "HSCAN").arg(shared.keys.records(*partition, app));
        scan.arg(cursor).arg("COUNT").arg(SCANNED_AT_ONCE);
    }
    let steps: Vec<Step> = shared.within(RedisCall::List, doing, shared.query(&commands, doing)).await?;
    let mut read = Vec::with_capacity(steps.len());
    for (partition, (next, fields)) in scanned.into_iter().zip(steps) {
        let mut records = Vec::with_capacity(fields.len());
        for (id, record) in fields {
            let id = UserId::new(&id).map_err(|error| corrupt(doing, error))?;
            match decode(&record) {
                Ok((_, presence)) => records.push((id, presence)),
                Err(error) => {
                    shared.pass_over_bad_record(RedisCall::List, &User::new(app, id), &error);
                }
            }
        }
        read.push((partition, (next, records)));
    }
    Ok(read)
}

fn users(members: Vec<Vec<u8>>, doing: &'static str) -> Result<Vec<User>, DirectoryError> {
    let user = |member: Vec<u8>| user_of(&member).ok_or_else(|| corrupt(doing, "a member is no user"));
    members.into_iter().map(user).collect()
}

/// The part of a [`RecordCursor`] for a partition and the cursor of its scan.
fn part_of(partition: u16, scan: u64) -> u64 {
    u64::from(partition) << SCAN_BITS | scan & ((1 << SCAN_BITS) - 1)
}

/// Splits the part of a [`RecordCursor`] into a partition and a cursor of `HSCAN`; `None` if the partition is invalid.
fn place(part: u64) -> Option<(u16, u64)> {
    Some((u16::try_from(part >> SCAN_BITS).ok()?, part & ((1 << SCAN_BITS) - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_a_partition_and_a_position_in_it() {
        for (partition, scan) in [(0, 0), (255, 1), (2047, (1 << 48) - 1)] {
            assert_eq!(place(part_of(partition, scan)), Some((partition, scan)));
        }
    }
}
