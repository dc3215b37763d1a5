//! Friend lists (SPEC section 6).

use crate::operations::lists::{By, Listed, page_size};
use crate::{Service, ServiceError};
use futures_util::future::join_all;
use lamplight_core::{Call, check_batch};
use lamplight_directory::{ListsChange, News};
use lamplight_facts::{Befriended, Befriending, NewFriendship, Unfriended};
use lamplight_model::{
    Code, Friend, MAX_ADD_TEXT_BYTES, MAX_REMARK_BYTES, Now, Refusal, Timestamp, User, UserId, check_text,
};
use std::collections::HashSet;

/// The maximum number of entries in a page of a friend list.
pub const MAX_FRIEND_PAGE: u32 = 1_000;
/// The maximum number of friends that a client may delete in one call. A call of the app with more friends is executed
/// in batches of this size.
pub const MAX_DELETED_FRIENDS: usize = 100;

/// A user to add to a friend list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewFriend {
    /// The id of the user.
    pub id: UserId,
    /// Whether to also add the owner to the other user's list.
    pub both: bool,
    /// The owner's remark on the friend. An empty remark, source or wording does not change the text of an existing
    /// entry.
    pub remark: String,
    /// The app's description of how the friendship began; may be empty.
    pub source: String,
    /// The text of the owner's request; may be empty.
    pub wording: String,
    /// The time when the friend was added; `None` means the current time. An existing entry keeps its time.
    pub added: Option<Timestamp>,
}

impl NewFriend {
    /// Creates a friend to be added to both lists, without a remark, a source or a wording.
    pub fn mutual(id: UserId) -> Self {
        let (remark, source, wording) = Default::default();
        Self { id, both: true, remark, source, wording, added: None }
    }
}

/// A page of a friend list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FriendPage {
    /// The entries, in ascending order of their ids.
    pub friends: Vec<Friend>,
    /// Whether this is the last page.
    pub finished: bool,
}

/// The outcome of deleting friends.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FriendsDeleted {
    /// The friends who were deleted, each once, in the order of the call.
    pub deleted: Vec<UserId>,
    /// Users who were not friends, each with 31704.
    pub failures: Vec<(UserId, Code)>,
}

impl Service {
    /// Reads one page of a friend list: the entries after `after`. A `limit` of 0 means [`MAX_FRIEND_PAGE`]. A higher
    /// `limit` is refused with 6017.
    pub async fn friend_list(
        &self,
        owner: &User,
        after: Option<&UserId>,
        limit: u32,
        by: By,
        now: Now,
    ) -> Result<Listed<FriendPage>, ServiceError> {
        let app = self.app(owner)?;
        let limit = page_size(limit, MAX_FRIEND_PAGE)?;
        self.pass_rate(&app, owner, Call::GetFriendList, by, now).await?;
        let state = self.lists_state(owner, by).await?;
        // If there is one entry more than requested, there is another page.
        let mut friends = self.facts.friend_page(owner.clone(), after.cloned(), limit + 1).await?;
        let finished = friends.len() <= limit;
        friends.truncate(limit);
        Ok(Listed { value: FriendPage { friends, finished }, version: state.version })
    }

    /// Adds a friend to the list of `owner`. If `both` is set, also adds the owner to the friend's list. If the friend
    /// is already on the list, changes only the texts that are given.
    ///
    /// Refuses with 6017 if the friend is the owner or a text is invalid, and with 70107 if a user has no account.
    /// Refuses with 30010 if the owner's list is full, and with 30014 if the friend's list is full. A client is refused
    /// with 30516 if the friend's profile does not allow being added.
    pub async fn add_friend(
        &self,
        owner: &User,
        friend: NewFriend,
        by: By,
        now: Now,
    ) -> Result<Listed<Friend>, ServiceError> {
        let app = self.app(owner)?;
        let NewFriend { id, both, remark, source, wording, added } = friend;
        if owner.id == id {
            return Err(Refusal::because(
                Code::INVALID_PARAMETER,
                "a user cannot add themselves as a friend",
            )
            .into());
        }
        check_text("a remark", &remark, MAX_REMARK_BYTES).map_err(Refusal::from)?;
        check_text("an add source", &source, MAX_ADD_TEXT_BYTES).map_err(Refusal::from)?;
        check_text("an add wording", &wording, MAX_ADD_TEXT_BYTES).map_err(Refusal::from)?;
        self.pass_rate(&app, owner, Call::AddFriend, by, now).await?;
        let friendship = NewFriendship {
            owner: owner.clone(),
            friend: id.clone(),
            both,
            remark,
            source,
            wording,
            at: added.unwrap_or(now.wall),
            limit: usize::from(app.settings.limits.friends),
            ask: match by {
                By::Client(_) => true,
                By::App => false,
            },
        };
        let other = User::new(owner.app, id);
        let users = [owner.clone(), other.clone()];
        let (done, unapplied) = self.change_friendship(users, self.facts.befriend(friendship)).await?;
        // Until `apply_friendships` there is no await.
        unapplied.are_applied();
        match done.outcome {
            Befriended::Done => {}
            Befriended::NoSuchOwner => return Err(by.no_such_caller(owner).into()),
            Befriended::NoSuchFriend => return Err(Refusal::no_such_account(&other.id).into()),
            Befriended::ListFull => return Err(Code::FRIEND_LIST_FULL.into()),
            Befriended::FriendListFull => return Err(Code::FRIEND_PEER_LIST_FULL.into()),
            Befriended::Denied => return Err(Code::FRIEND_DENIED.into()),
        }
        self.tell_befriended(owner, &other, &done, by);
        if done.owner_changed || done.friend_changed {
            // If this fails, the retry makes the devices of both users read their lists again.
            self.apply_friendships(owner, &other, now).await?;
        }
        let entry = done.entry.expect("the port returns the entry of a friend that was added");
        Ok(Listed { value: entry, version: done.owner_state.version })
    }

    fn tell_befriended(&self, owner: &User, other: &User, done: &Befriending, by: By) {
        if let (Some(entry), true) = (&done.entry, done.owner_changed) {
            let change = ListsChange::Friend(Box::new(entry.clone()));
            self.tell_lists(owner, done.owner_state, by.connection(), change);
        }
        if let (Some(entry), true) = (&done.back, done.friend_changed) {
            self.tell_lists(other, done.friend_state, None, ListsChange::Friend(Box::new(entry.clone())));
        }
        if done.back.is_some() && (done.owner_changed || done.friend_changed) {
            self.publish_friendship(owner, &other.id, true);
        }
    }

    /// Removes friends from the list of `owner`. If `both` is set, also removes the owner from their lists.
    ///
    /// An empty list is refused with 6017. A client's call with more than [`MAX_DELETED_FRIENDS`] friends is refused
    /// with 70206.
    pub async fn delete_friends(
        &self,
        owner: &User,
        friends: &[UserId],
        both: bool,
        by: By,
        now: Now,
    ) -> Result<Listed<FriendsDeleted>, ServiceError> {
        let app = self.app(owner)?;
        let mut seen = HashSet::new();
        let friends: Vec<UserId> = friends.iter().filter(|id| seen.insert(*id)).cloned().collect();
        let most = match by {
            By::Client(_) => MAX_DELETED_FRIENDS,
            By::App => usize::MAX,
        };
        check_batch(friends.len(), most)?;
        self.pass_rate(&app, owner, Call::DeleteFriends, by, now).await?;
        let mut version = 0;
        let mut deleted = FriendsDeleted::default();
        let mut unanswered = None;
        for some in friends.chunks(MAX_DELETED_FRIENDS) {
            // The deletions run concurrently, so that they share commits.
            let unfriending = some.iter().map(|friend| {
                let other = User::new(owner.app, friend.clone());
                self.change_friendship(
                    [owner.clone(), other],
                    self.facts.unfriend(owner.clone(), friend.clone(), both),
                )
            });
            let done = join_all(unfriending).await;
            // If a deletion fails, the notifications of the successful ones are sent before the error is returned.
            let (mut failed, mut users) = (None, vec![owner.clone()]);
            for (friend, done) in some.iter().zip(done) {
                match done {
                    Ok((done, unapplied)) => {
                        // Until `apply_friendship` there is no await.
                        unapplied.are_applied();
                        version = version.max(done.owner_state.version);
                        if done.forth || done.back {
                            self.tell_unfriended(owner, friend, &done, by);
                            users.push(User::new(owner.app, friend.clone()));
                            deleted.deleted.push(friend.clone());
                        } else {
                            deleted.failures.push((friend.clone(), Code::NOT_A_FRIEND));
                        }
                    }
                    Err(error) => failed = Some(error),
                }
            }
            // Only after all of them were published: this call may be dropped while it waits.
            if users.len() > 1 {
                // The other deletions may have failed.
                unanswered.get_or_insert_with(|| self.unanswered(owner, by));
                self.apply_friendship(&users, now).await?;
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
        if let Some(unanswered) = unanswered {
            unanswered.answered();
        }
        Ok(Listed { value: deleted, version })
    }

    fn tell_unfriended(&self, owner: &User, friend: &UserId, done: &Unfriended, by: By) {
        if done.forth {
            let gone = ListsChange::FriendGone(friend.clone());
            self.tell_lists(owner, done.owner_state, by.connection(), gone);
        }
        let other = User::new(owner.app, friend.clone());
        if done.back {
            let gone = ListsChange::FriendGone(owner.id.clone());
            self.tell_lists(&other, done.friend_state, None, gone);
        } else if let Some(left) = &done.left {
            // The other user keeps the owner in the list, but the friendship is no longer mutual.
            let change = ListsChange::Friend(Box::new(left.clone()));
            self.tell_lists(&other, done.friend_state, None, change);
        }
        self.publish_friendship(owner, friend, false);
    }

    /// Changes the remark on a friend. Refuses with 31704 if the user is not a friend, and with 6017 if the remark is
    /// invalid.
    pub async fn set_friend_remark(
        &self,
        owner: &User,
        friend: &UserId,
        remark: &str,
        by: By,
        now: Now,
    ) -> Result<Listed<Friend>, ServiceError> {
        let app = self.app(owner)?;
        check_text("a remark", remark, MAX_REMARK_BYTES).map_err(Refusal::from)?;
        self.pass_rate(&app, owner, Call::SetFriendRemark, by, now).await?;
        let change = self.facts.set_remark(owner.clone(), friend.clone(), remark.to_owned());
        let set = self.change_lists([owner.clone()], change).await?.ok_or(Code::NOT_A_FRIEND)?;
        if set.changed {
            let change = ListsChange::Friend(Box::new(set.entry.clone()));
            self.tell_lists(owner, set.state, by.connection(), change);
        }
        Ok(Listed { value: set.entry, version: set.state.version })
    }

    /// Applies a committed change of a friendship to the restrictions of both users' statuses.
    async fn apply_friendships(&self, one: &User, other: &User, now: Now) -> Result<(), ServiceError> {
        self.apply_friendship(&[one.clone(), other.clone()], now).await
    }

    /// Notifies the connections of both users that their friendship has changed. These connections may then have to
    /// watch other users.
    pub(crate) fn publish_friendship(&self, one: &User, other: &UserId, mutual: bool) {
        self.telling.tell(one, News::Friend { friend: other.clone(), mutual });
        let other = User::new(one.app, other.clone());
        self.telling.tell(&other, News::Friend { friend: one.id.clone(), mutual });
    }
}
