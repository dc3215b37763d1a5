//! Reads of records, with one round trip per server.

use crate::calls::Commands;
use crate::errors::{contended, corrupt};
use crate::shared::Shared;
use lamplight_directory::DirectoryError;
use lamplight_model::{AppId, User};
use std::collections::BTreeMap;

/// The maximum number of attempts of a call. An attempt fails if another change came first, or if an epoch has ended.
pub(crate) const MAX_ATTEMPTS: usize = 50;

/// Reads the bytes of one record, for a change of the record. If there is no record, compares the epoch. For an
/// existing record, the script that writes the change compares the epoch.
pub(crate) async fn read_one(
    shared: &Shared,
    user: &User,
    doing: &'static str,
) -> Result<Option<Vec<u8>>, DirectoryError> {
    let partition = shared.keys.partition_of(user);
    let mut commands = Commands::default();
    commands.add(partition, "HGET").arg(shared.keys.records(partition, user.app)).arg(user.id.as_str());
    let found: Option<Vec<u8>> = shared.query(&commands, doing).await?.pop().flatten();
    if found.is_some() {
        return Ok(found);
    }
    Ok(read(shared, std::slice::from_ref(user), doing).await?.pop().flatten())
}

/// Reads the bytes of the records of `users`, in the order of `users`, with one round trip per server.
///
/// If a partition has begun another epoch, takes over that epoch and reads everything again. If the result says that a
/// record does not exist, this node therefore knows the current epoch.
pub(crate) async fn read(
    shared: &Shared,
    users: &[User],
    doing: &'static str,
) -> Result<Vec<Option<Vec<u8>>>, DirectoryError> {
    let mut groups: BTreeMap<(u16, AppId), Vec<usize>> = BTreeMap::new();
    for (index, user) in users.iter().enumerate() {
        groups.entry((shared.keys.partition_of(user), user.app)).or_default().push(index);
    }
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let mut commands = Commands::default();
    for ((partition, app), indexes) in &groups {
        let command = commands.add(*partition, "HMGET").arg(shared.keys.records(*partition, *app));
        indexes.iter().for_each(|index| _ = command.arg(users[*index].id.as_str()));
        // The epoch is read after the records, so that records from before an epoch do not count as records of it.
        commands.add(*partition, "HMGET").arg(shared.keys.head(*partition)).arg("e");
    }
    for _ in 0..MAX_ATTEMPTS {
        let answers: Vec<Vec<Option<Vec<u8>>>> = shared.query(&commands, doing).await?;
        let mut found = vec![None; users.len()];
        let mut ended = Vec::new();
        for (((partition, _), indexes), answer) in groups.iter().zip(answers.chunks(2)) {
            let [records, epoch] = answer else { return Err(corrupt(doing, "an answer is missing")) };
            let (epoch, known) = (epoch.first().and_then(Option::as_deref), shared.epoch_of(*partition));
            if epoch != Some(known.to_string().as_bytes()) {
                ended.push(*partition);
            } else if let ([user], [Some(record)]) = (users, &records[..]) {
                // The next call is often a change of this record.
                shared.cache.put_read(user, known, record);
            }
            for (index, record) in indexes.iter().zip(records) {
                found[*index].clone_from(record);
            }
        }
        if ended.is_empty() {
            return Ok(found);
        }
        shared.renew(&ended, doing).await?;
    }
    Err(contended(doing))
}
