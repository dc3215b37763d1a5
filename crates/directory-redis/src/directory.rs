//! The implementation of the port `Directory`. Its operations are in the other modules.

use crate::RedisDirectory;
use crate::errors::bad_record;
use crate::figures::RedisCall;
use crate::reading::read;
use crate::record::decode;
use crate::{changes, feed_page, lists};
use futures_util::future::{BoxFuture, FutureExt};
use lamplight_core::Presence;
use lamplight_directory::{
    Answer, Change, ConnectionPage, Directory, DirectoryStats, FeedCursor, FeedPage, Logged, RecordCursor,
    RecordFilter, RecordPage, View,
};
use lamplight_model::{AppId, Moment, NodeId, Now, Timestamp, User};

/// The maximum number of records that are read in one round trip.
const READ_AT_ONCE: usize = 1000;

impl Directory for RedisDirectory {
    fn update_with<'a>(&'a self, user: &'a User, now: Now, change: Change<'a>) -> Answer<'a, Option<Logged>> {
        self.shared
            .within(RedisCall::Update, "updating a record", changes::update(&self.shared, user, now, change))
            .boxed()
    }

    fn allows_durations(&self) -> bool {
        self.shared.allows_durations()
    }

    fn allows_restrictions(&self) -> bool {
        self.shared.allows_restrictions()
    }

    fn read_with<'a>(&'a self, users: &'a [User], view: View<'a>) -> Answer<'a, ()> {
        async move {
            for (chunk, some) in users.chunks(READ_AT_ONCE).enumerate() {
                let doing = "reading records";
                let found =
                    self.shared.within(RedisCall::Read, doing, read(&self.shared, some, doing)).await?;
                for (index, bytes) in found.into_iter().enumerate() {
                    let found = match bytes.map(|bytes| decode(&bytes)).transpose() {
                        Ok(found) => found,
                        Err(error) if users.len() == 1 => return Err(bad_record(doing)(error)),
                        Err(error) => {
                            self.shared.pass_over_bad_record(RedisCall::Read, &some[index], &error);
                            None
                        }
                    };
                    view(
                        chunk * READ_AT_ONCE + index,
                        found.as_ref().map(|(rev, presence)| (presence, *rev)),
                    );
                }
            }
            Ok(())
        }
        .boxed()
    }

    fn seed_read_in<'a>(
        &'a self,
        user: &'a User,
        presence: Presence,
        read_in: Timestamp,
        _: Now,
    ) -> Answer<'a, ()> {
        self.shared
            .within(RedisCall::Seed, "making a record", changes::seed(&self.shared, user, presence, read_in))
            .boxed()
    }

    fn remove_if<'a>(&'a self, user: &'a User, condition: fn(&Presence) -> bool, _: Now) -> Answer<'a, ()> {
        self.shared
            .within(RedisCall::Remove, "removing a record", changes::remove_if(&self.shared, user, condition))
            .boxed()
    }

    fn partitions(&self) -> u16 {
        self.shared.settings.partitions
    }

    fn subscribed_to<'a>(&'a self, users: &'a [User]) -> Answer<'a, Vec<User>> {
        lists::subscribed_to(&self.shared, users).boxed()
    }

    fn partition_of(&self, user: &User) -> u16 {
        self.shared.keys.partition_of(user)
    }

    fn is_connected_to(&self, user: &User) -> bool {
        self.shared.routes.link(self.shared.keys.partition_of(user)).is_some()
    }

    fn due(&self, partition: u16, now: Moment, limit: usize) -> Answer<'_, Vec<User>> {
        self.shared
            .within(
                RedisCall::List,
                "listing users who are due",
                lists::due(&self.shared, partition, now, limit),
            )
            .boxed()
    }

    fn with_events<'a>(
        &'a self,
        partition: u16,
        after: Option<&'a User>,
        limit: usize,
    ) -> Answer<'a, Vec<User>> {
        self.shared
            .within(
                RedisCall::List,
                "listing users with session events",
                lists::with_events(&self.shared, partition, after, limit),
            )
            .boxed()
    }

    fn connections_of(&self, node: NodeId, partition: u16, after: Option<u64>) -> Answer<'_, ConnectionPage> {
        self.shared
            .within(
                RedisCall::List,
                "listing the connections of a node",
                lists::connections_of(&self.shared, node, partition, after),
            )
            .boxed()
    }

    fn records_of<'a>(
        &'a self,
        app: AppId,
        filter: RecordFilter,
        after: Option<&'a RecordCursor>,
        limit: usize,
    ) -> Answer<'a, RecordPage> {
        lists::records_of(&self.shared, app, filter, after, limit).boxed()
    }

    fn feed(&self, app: AppId, after: Option<FeedCursor>, limit: usize) -> Answer<'_, FeedPage> {
        feed_page::read(&self.shared, app, after, limit).boxed()
    }

    fn epoch(&self) -> Timestamp {
        Timestamp(self.shared.epoch())
    }

    fn epoch_of(&self, user: &User) -> Timestamp {
        Timestamp(self.shared.epoch_of(self.shared.keys.partition_of(user)).div_ceil(1000))
    }

    fn feed_moved(&self) -> BoxFuture<'_, ()> {
        async { self.shared.moved.notified().await }.boxed()
    }

    fn stats(&self) -> DirectoryStats {
        self.shared.stats.lock().clone()
    }
}
