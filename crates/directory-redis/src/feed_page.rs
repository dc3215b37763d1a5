//! Reads pages of the status feed over all partitions.
//!
//! A cursor has two numbers for each partition. The first is the position up to which the reader has read the
//! partition. While the reader reads a snapshot, the second is one more than the partition's count of changes at the
//! beginning of the snapshot. At other times, the second is 0.

use crate::calls::Commands;
use crate::errors::corrupt;
use crate::figures::RedisCall;
use crate::shared::Shared;
use lamplight_directory::{DirectoryError, FeedCursor, FeedPage};
use lamplight_model::{AppId, User, UserId};

/// The number of partitions that are read in one round trip.
const PARTITIONS_AT_ONCE: usize = 32;

/// The answer of one partition.
#[derive(Debug, Default)]
struct Part {
    /// The partition's count of changes, read before the users.
    last: u64,
    /// Users with their positions: at most one more than the page has room for.
    users: Vec<(String, u64)>,
    /// The highest position of a removed record.
    highest_removed: u64,
    /// The partition's count of changes at the last removal of a record.
    removed_at: u64,
}

/// The position of a cursor in one partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Place {
    place: u64,
    snapshot: u64,
}

pub(crate) async fn read(
    shared: &Shared,
    app: AppId,
    after: Option<FeedCursor>,
    limit: usize,
) -> Result<FeedPage, DirectoryError> {
    let count = usize::from(shared.settings.partitions);
    let epoch = shared.sum_of_epochs();
    let known = after.filter(|cursor| cursor.epoch() == epoch && cursor.places().len() == 2 * count);
    if let Some(cursor) = &known {
        let place = |at: usize| Place { place: cursor.places()[at], snapshot: cursor.places()[count + at] };
        let places = (0..count).map(place).map(Some).collect();
        if let Some(page) = read_on(shared, app, places, epoch, limit).await? {
            return Ok(page);
        }
    }
    let page = read_on(shared, app, vec![None; count], epoch, limit).await?;
    let page = page.ok_or_else(|| corrupt("reading the feed", "a snapshot missed its own beginning"))?;
    Ok(FeedPage { reset: true, ..page })
}

/// Reads a page. `places` has the position in each partition; `None` begins a snapshot. Returns `None` if the reader
/// may have missed a removal.
async fn read_on(
    shared: &Shared,
    app: AppId,
    mut places: Vec<Option<Place>>,
    epoch: u64,
    limit: usize,
) -> Result<Option<FeedPage>, DirectoryError> {
    let count = places.len();
    let (mut users, mut finished) = (Vec::new(), true);
    // Each page begins with another partition, so that a partition with many changes does not hold up the others.
    let sum = places.iter().flatten().fold(0_u64, |sum, place| sum.wrapping_add(place.place));
    let first = usize::try_from(sum % count as u64).unwrap_or_default();
    let order: Vec<usize> = (0..count).map(|at| (first + at) % count).collect();
    for some in order.chunks(PARTITIONS_AT_ONCE) {
        let room = limit - users.len();
        let parts = ask(shared, app, some, &places, room).await?;
        for (at, part) in some.iter().zip(parts) {
            let room = limit - users.len();
            let Some(taken) = part.take(places[*at], room) else { return Ok(None) };
            places[*at] = Some(taken.place);
            finished &= taken.is_whole;
            for (id, _) in taken.users {
                let id = UserId::new(&id).map_err(|error| corrupt("reading the feed", error))?;
                users.push(User::new(app, id));
            }
        }
    }
    let places: Vec<Place> = places.into_iter().map(Option::unwrap_or_default).collect();
    let numbers = places.iter().map(|it| it.place).chain(places.iter().map(|it| it.snapshot)).collect();
    Ok(Some(FeedPage { users, reset: false, cursor: FeedCursor::new(epoch, numbers), finished }))
}

async fn ask(
    shared: &Shared,
    app: AppId,
    partitions: &[usize],
    places: &[Option<Place>],
    room: usize,
) -> Result<Vec<Part>, DirectoryError> {
    let mut commands = Commands::default();
    for at in partitions {
        let partition = *at as u16;
        let head = shared.keys.head(partition);
        let start = places[*at].unwrap_or_default().place;
        // The order matters. The count is read before the users, so that every user up to the count is seen. The
        // removals are read after the users.
        commands.add(partition, "HMGET").arg(&head).arg("f");
        let range = commands.add(partition, "ZRANGE").arg(shared.keys.feed(partition, app));
        range.arg(format!("({start}")).arg("+inf").arg("BYSCORE");
        range.arg("LIMIT").arg(0).arg(room + 1).arg("WITHSCORES");
        commands.add(partition, "HMGET").arg(&head).arg(format!("h:{}", app.0)).arg(format!("t:{}", app.0));
    }
    let doing = "reading the feed";
    let answers: Vec<redis::Value> =
        shared.within(RedisCall::Feed, doing, shared.query(&commands, doing)).await?;
    let part = |answer: &[redis::Value]| {
        type Answer = (Vec<Option<u64>>, Vec<(String, u64)>, Vec<Option<u64>>);
        let (last, users, removed): Answer = redis::from_redis_value(redis::Value::Array(answer.to_vec()))?;
        let number = |of: &[Option<u64>], at: usize| of.get(at).copied().flatten().unwrap_or_default();
        let (highest_removed, removed_at) = (number(&removed, 0), number(&removed, 1));
        Ok::<_, redis::ParsingError>(Part { last: number(&last, 0), users, highest_removed, removed_at })
    };
    answers.chunks(3).map(part).collect::<Result<_, _>>().map_err(|error| corrupt(doing, error))
}

/// The users of a partition that a page contains.
struct Taken {
    /// The position of the cursor after the users of this page.
    place: Place,
    users: Vec<(String, u64)>,
    /// Whether the page reaches the end of the partition.
    is_whole: bool,
}

impl Part {
    /// Takes as many users as fit in the page. Returns `None` if the reader may have missed a removal.
    fn take(mut self, from: Option<Place>, room: usize) -> Option<Taken> {
        let from = from.unwrap_or(Place { place: 0, snapshot: self.last + 1 });
        let has_missed =
            from.place < self.highest_removed && (from.snapshot == 0 || self.removed_at >= from.snapshot);
        if has_missed || from.place > self.last {
            return None;
        }
        let is_whole = self.users.len() <= room;
        self.users.truncate(room);
        let last_taken = self.users.last().map_or(from.place, |(_, place)| *place);
        let place = match is_whole {
            true => Place { place: self.last.max(last_taken), snapshot: 0 },
            false => Place { place: last_taken, snapshot: from.snapshot },
        };
        Some(Taken { place, users: self.users, is_whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(last: u64, places: &[u64], highest_removed: u64, removed_at: u64) -> Part {
        let users = places.iter().map(|place| (format!("user {place}"), *place)).collect();
        Part { last, users, highest_removed, removed_at }
    }

    fn place(place: u64, snapshot: u64) -> Option<Place> {
        Some(Place { place, snapshot })
    }

    #[test]
    fn a_partition_is_read_to_its_end_or_to_the_last_that_fits() {
        for (part, from, room, expected) in [
            (part(9, &[5, 7], 0, 0), place(3, 0), 2, (9, 0, 2, true)),
            (part(9, &[5, 7], 0, 0), place(3, 0), 1, (5, 0, 1, false)),
            (part(9, &[5, 7], 0, 0), place(3, 0), 0, (3, 0, 0, false)),
            (part(9, &[], 0, 0), place(3, 0), 0, (9, 0, 0, true)),
            // A user has moved after the count was read.
            (part(9, &[5, 11], 0, 0), place(3, 0), 2, (11, 0, 2, true)),
            (part(9, &[5, 7], 0, 0), None, 1, (5, 10, 1, false)),
            (part(9, &[5, 7], 0, 0), None, 2, (9, 0, 2, true)),
            (part(0, &[], 0, 0), None, 2, (0, 0, 0, true)),
        ] {
            let Taken { place, users, is_whole } = part.take(from, room).unwrap();
            assert_eq!((place.place, place.snapshot, users.len(), is_whole), expected);
        }
    }

    #[test]
    fn a_reader_that_may_have_missed_a_removal_begins_again_and_a_snapshot_comes_to_its_end() {
        for (from, missed) in [
            (place(4, 0), true),
            (place(5, 0), false),
            // The snapshot began after the removal at 7, with it, and before it.
            (place(4, 8), false),
            (place(4, 7), true),
            (place(4, 6), true),
            (None, false),
            // The cursor belongs to another store.
            (place(10, 0), true),
        ] {
            assert_eq!(part(9, &[], 5, 7).take(from, 9).is_none(), missed, "{from:?}");
        }
    }
}
