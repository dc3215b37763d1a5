//! The lists of users: implements the port `Lists`. This module has the statements that read or change several lists. A
//! statement about a single list is in the module of that list.

use crate::PostgresFacts;
use crate::accounts::app_id;
use crate::lists_state::state_at;
use crate::rows::{Result, get, key, keys, list, millis, number, only, optional, parsed, to_json, unsigned};
use crate::store::Values;
use crate::{conversations, friends, messages, profiles, restrictions};
use lamplight_facts::{
    Answer, Befriending, BlockList, Blocking, ConversationSet, Enqueued, Lists, ListsState,
    MAX_WAITING_NOTICES, MissedMessages, NewFriendship, NewMessage, NickCursor, NickFound, ProfileSet,
    RemarkSet, Sent, Unblocking, Unfriended, VisibilitySet,
};
use lamplight_model::{
    AppId, AwayLogins, Conversation, ConversationCursor, Friend, Message, Profile, ProfileChange,
    ProfileFields, StoredRestrictions, Timestamp, User, UserId, Visibility, fold_nick,
};
use tokio_postgres::Row;

impl Lists for PostgresFacts {
    fn lists_states(&self, users: Vec<User>) -> Answer<'_, Vec<Option<ListsState>>> {
        Box::pin(async move {
            const DOING: &str = "reading how far lists are";
            let sql = "SELECT a.lists_version, a.unread
                FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS q (app, id, place)
                LEFT JOIN accounts AS a ON a.app = q.app AND a.id = q.id
                ORDER BY q.place";
            let (apps, ids) = keys(&users);
            let rows = self.store.read(DOING, sql, &[&apps, &ids]).await?;
            let states = list(&rows, |row| match get::<Option<i64>>(row, 0)? {
                Some(_) => state_at(row, 0).map(Some),
                None => Ok(None),
            });
            states.map_err(|fault| fault.of(DOING))
        })
    }

    fn profiles(&self, users: Vec<User>) -> Answer<'_, Vec<Option<Profile>>> {
        Box::pin(async move {
            const DOING: &str = "reading profiles";
            let (apps, ids) = keys(&users);
            let rows = self.store.read(DOING, profiles::PROFILES, &[&apps, &ids]).await?;
            list(&rows, |row| profiles::optional_profile_at(row, 0)).map_err(|fault| fault.of(DOING))
        })
    }

    fn set_profile(&self, user: User, change: ProfileChange) -> Answer<'_, Option<ProfileSet>> {
        Box::pin(async move {
            const DOING: &str = "setting a profile";
            let (app, id) = key(&user);
            let profiles::ChangeColumns { nick, folded, avatar_url, allow } =
                profiles::ChangeColumns::of(&change);
            let values: Values<'_> = &[&app, &id, &nick, &folded, &avatar_url, &allow];
            let rows = self.store.write(DOING, profiles::SET, values).await?;
            optional(&rows, profiles::profile_set).map_err(|fault| fault.of(DOING))
        })
    }

    fn profile_fields(&self, users: Vec<User>) -> Answer<'_, Vec<Option<ProfileFields>>> {
        Box::pin(async move {
            const DOING: &str = "reading fields of profiles";
            let (apps, ids) = keys(&users);
            let rows = self.store.read(DOING, profiles::FIELDS, &[&apps, &ids]).await?;
            list(&rows, profiles::optional_fields).map_err(|fault| fault.of(DOING))
        })
    }

    fn set_profile_and_fields(
        &self,
        user: User,
        change: ProfileChange,
        fields: ProfileFields,
    ) -> Answer<'_, Option<ProfileSet>> {
        Box::pin(async move {
            let change = profiles::Change { user, change, fields };
            self.store.work("setting a profile and its fields", &change).await
        })
    }

    fn find_by_nick(
        &self,
        app: AppId,
        prefix: String,
        after: Option<NickCursor>,
        limit: usize,
    ) -> Answer<'_, Vec<NickFound>> {
        Box::pin(async move {
            const DOING: &str = "finding accounts by nick";
            let prefix = fold_nick(&prefix);
            let (nick, id) = profiles::place_of(&prefix, after.as_ref());
            let (app, nick, limit) = (i64::from(app.0), nick.as_bytes(), number(limit));
            let rows = match profiles::end_of(&prefix) {
                Some(end) => {
                    let values: Values<'_> = &[&app, &nick, &id, &limit, &end];
                    self.store.read(DOING, profiles::FIND_BEFORE, values).await?
                }
                None => self.store.read(DOING, profiles::FIND, &[&app, &nick, &id, &limit]).await?,
            };
            list(&rows, profiles::nick_found).map_err(|fault| fault.of(DOING))
        })
    }

    fn befriend(&self, friendship: NewFriendship) -> Answer<'_, Befriending> {
        Box::pin(async move {
            const DOING: &str = "adding a friend";
            let NewFriendship { owner, friend, both, remark, source, wording, at, limit, ask } = &friendship;
            let (app, owner) = key(owner);
            let (remark, source, wording) = (remark.as_bytes(), source.as_bytes(), wording.as_bytes());
            let (friend, at, limit) = (friend.as_str(), millis(*at), number(*limit));
            let values: Values<'_> =
                &[&app, &owner, &friend, both, &remark, &source, &wording, &at, &limit, ask];
            let rows = self.store.write(DOING, friends::BEFRIEND, values).await?;
            only(&rows).and_then(friends::befriending).map_err(|fault| fault.of(DOING))
        })
    }

    fn set_remark(&self, owner: User, friend: UserId, remark: String) -> Answer<'_, Option<RemarkSet>> {
        Box::pin(async move {
            const DOING: &str = "setting a remark";
            let (app, owner) = key(&owner);
            let values: Values<'_> = &[&app, &owner, &friend.as_str(), &remark.as_bytes()];
            let rows = self.store.write(DOING, friends::SET_REMARK, values).await?;
            optional(&rows, friends::remark_set).map_err(|fault| fault.of(DOING))
        })
    }

    fn unfriend(&self, owner: User, friend: UserId, both: bool) -> Answer<'_, Unfriended> {
        Box::pin(async move {
            const DOING: &str = "deleting a friend";
            let (app, owner) = key(&owner);
            let values: Values<'_> = &[&app, &owner, &friend.as_str(), &both];
            let rows = self.store.write(DOING, friends::UNFRIEND, values).await?;
            only(&rows).and_then(friends::unfriended).map_err(|fault| fault.of(DOING))
        })
    }

    fn friend(&self, owner: User, friend: UserId) -> Answer<'_, Option<Friend>> {
        Box::pin(async move {
            const DOING: &str = "reading a friend";
            let (app, owner) = key(&owner);
            let rows = self.store.read(DOING, friends::FRIEND, &[&app, &owner, &friend.as_str()]).await?;
            optional(&rows, |row| friends::friend_at(row, 0)).map_err(|fault| fault.of(DOING))
        })
    }

    fn friend_page(&self, owner: User, after: Option<UserId>, limit: usize) -> Answer<'_, Vec<Friend>> {
        Box::pin(async move {
            const DOING: &str = "listing friends";
            let (app, owner) = key(&owner);
            // No `userID` is empty.
            let after = after.as_ref().map_or("", UserId::as_str);
            let rows = self.store.read(DOING, friends::PAGE, &[&app, &owner, &after, &number(limit)]).await?;
            list(&rows, |row| friends::friend_at(row, 0)).map_err(|fault| fault.of(DOING))
        })
    }

    fn count_friends(&self, owner: User) -> Answer<'_, usize> {
        Box::pin(async move {
            const DOING: &str = "counting friends";
            let (app, owner) = key(&owner);
            let rows = self.store.read(DOING, friends::COUNT, &[&app, &owner]).await?;
            only(&rows).and_then(|row| unsigned(get(row, 0)?, 0)).map_err(|fault| fault.of(DOING))
        })
    }

    fn mutual_friends(&self, owner: User) -> Answer<'_, Vec<UserId>> {
        Box::pin(async move {
            const DOING: &str = "listing mutual friends";
            let (app, owner) = key(&owner);
            let rows = self.store.read(DOING, friends::MUTUAL, &[&app, &owner]).await?;
            list(&rows, |row| parsed(row, 0, UserId::new)).map_err(|fault| fault.of(DOING))
        })
    }

    fn set_visibility(&self, user: User, visibility: Visibility) -> Answer<'_, Option<VisibilitySet>> {
        Box::pin(async move {
            const DOING: &str = "setting a visibility";
            let (app, id) = key(&user);
            let values: Values<'_> = &[&app, &id, &(visibility as i64)];
            let rows = self.store.write(DOING, restrictions::SET_VISIBILITY, values).await?;
            optional(&rows, restrictions::visibility_set).map_err(|fault| fault.of(DOING))
        })
    }

    fn block(
        &self,
        owner: User,
        users: Vec<UserId>,
        at: Timestamp,
        limit: usize,
    ) -> Answer<'_, Option<Blocking>> {
        Box::pin(async move {
            const DOING: &str = "blocking users";
            let (app, owner) = key(&owner);
            let ids: Vec<&str> = users.iter().map(UserId::as_str).collect();
            let values: Values<'_> = &[&app, &owner, &ids, &millis(at), &number(limit)];
            let rows = self.store.write(DOING, restrictions::BLOCK, values).await?;
            let blocking = |row: &Row| restrictions::blocking(row, &users, at);
            optional(&rows, blocking).map_err(|fault| fault.of(DOING))
        })
    }

    fn unblock(&self, owner: User, users: Vec<UserId>) -> Answer<'_, Option<Unblocking>> {
        Box::pin(async move {
            const DOING: &str = "unblocking users";
            let (app, owner) = key(&owner);
            let ids: Vec<&str> = users.iter().map(UserId::as_str).collect();
            let rows = self.store.write(DOING, restrictions::UNBLOCK, &[&app, &owner, &ids]).await?;
            optional(&rows, |row| restrictions::unblocking(row, &ids)).map_err(|fault| fault.of(DOING))
        })
    }

    fn block_list(&self, owner: User) -> Answer<'_, Option<BlockList>> {
        Box::pin(async move {
            const DOING: &str = "reading a block list";
            let (app, owner) = key(&owner);
            let rows = self.store.read(DOING, restrictions::BLOCK_LIST, &[&app, &owner]).await?;
            optional(&rows, restrictions::block_list).map_err(|fault| fault.of(DOING))
        })
    }

    fn blocks_between(&self, owner: User, users: Vec<UserId>) -> Answer<'_, Vec<(bool, bool)>> {
        Box::pin(async move {
            const DOING: &str = "reading blocks between users";
            let (app, owner) = key(&owner);
            let ids: Vec<&str> = users.iter().map(UserId::as_str).collect();
            let rows = self.store.read(DOING, restrictions::BETWEEN, &[&app, &owner, &ids]).await?;
            list(&rows, |row| Ok((get(row, 0)?, get(row, 1)?))).map_err(|fault| fault.of(DOING))
        })
    }

    fn restrictions(&self, users: Vec<User>) -> Answer<'_, Vec<Option<StoredRestrictions>>> {
        Box::pin(async move {
            const DOING: &str = "reading restrictions";
            let (apps, ids) = keys(&users);
            let rows = self.store.read(DOING, restrictions::RESTRICTIONS, &[&apps, &ids]).await?;
            list(&rows, restrictions::optional_restrictions).map_err(|fault| fault.of(DOING))
        })
    }

    fn set_away_logins(&self, user: User, version: u64, away: AwayLogins) -> Answer<'_, ()> {
        Box::pin(async move {
            const DOING: &str = "storing what hides a user";
            let (app, id) = key(&user);
            let away = (away != AwayLogins::default()).then(|| to_json(&away));
            let values: Values<'_> = &[&app, &id, &number(version), &away];
            self.store.write(DOING, restrictions::SET_AWAY_LOGINS, values).await?;
            Ok(())
        })
    }

    fn restricted_users(&self, after: Option<User>, limit: usize) -> Answer<'_, Vec<User>> {
        Box::pin(async move {
            const DOING: &str = "listing restricted users";
            // No app has this number, and no `userID` is empty.
            let (app, id) = after.as_ref().map_or((-1, ""), key);
            let values: Values<'_> = &[&app, &id, &number(limit)];
            let rows = self.store.read(DOING, restrictions::RESTRICTED_USERS, values).await?;
            let user = |row: &Row| Ok(User::new(app_id(row, 0)?, parsed(row, 1, UserId::new)?));
            list(&rows, user).map_err(|fault| fault.of(DOING))
        })
    }

    fn send_message(&self, message: NewMessage) -> Answer<'_, Sent> {
        Box::pin(async move {
            const DOING: &str = "storing a message";
            let (low, high) = messages::in_order(&message.from.id, &message.to);
            let (app, from) = key(&message.from);
            let (custom, push) = (messages::custom_column(&message.body), messages::push_column(&message));
            let push = push.as_ref().map(|push| &push[..]);
            let values: Values<'_> = &[
                &app,
                &from,
                &message.to.as_str(),
                &low.as_str(),
                &high.as_str(),
                &message.body.shown().as_bytes(),
                &custom,
                &message.client_id.as_str(),
                &millis(message.at),
                &messages::too_old(message.at),
                &push,
                &messages::PUSH_LANE,
                &number(MAX_WAITING_NOTICES),
            ];
            let rows = self.store.write(DOING, messages::SEND, values).await?;
            only(&rows).and_then(|row| messages::sent(row, message)).map_err(|fault| fault.of(DOING))
        })
    }

    fn push_missed(&self, missed: MissedMessages) -> Answer<'_, Enqueued> {
        Box::pin(async move { self.store.work("pushing missed messages", &missed).await })
    }

    fn history(
        &self,
        owner: User,
        peer: UserId,
        before: Option<u64>,
        limit: usize,
    ) -> Answer<'_, Vec<Message>> {
        Box::pin(async move {
            const DOING: &str = "reading messages";
            let (app, id) = key(&owner);
            let before = before.map_or(i64::MAX, number);
            let values: Values<'_> = &[&app, &id, &peer.as_str(), &before, &number(limit)];
            let rows = self.store.read(DOING, messages::HISTORY, values).await?;
            let message = |row: &Row| messages::message_at(row, 0, &owner.id, &peer);
            list(&rows, message).map_err(|fault| fault.of(DOING))
        })
    }

    fn conversations(
        &self,
        owner: User,
        after: Option<ConversationCursor>,
        limit: usize,
    ) -> Answer<'_, Vec<Conversation>> {
        Box::pin(async move {
            const DOING: &str = "listing conversations";
            let (app, id) = key(&owner);
            let limit = number(limit);
            let rows = match &after {
                None => self.store.read(DOING, conversations::FIRST_PAGE, &[&app, &id, &limit]).await?,
                Some(ConversationCursor { pinned, active, peer }) => {
                    let values: Values<'_> = &[&app, &id, pinned, &millis(*active), &peer.as_str(), &limit];
                    self.store.read(DOING, conversations::LATER_PAGE, values).await?
                }
            };
            let conversation = |row: &Row| conversations::conversation_at(row, 0, &owner.id);
            list(&rows, conversation).map_err(|fault| fault.of(DOING))
        })
    }

    fn conversation(&self, owner: User, peer: UserId) -> Answer<'_, Option<Conversation>> {
        Box::pin(async move {
            const DOING: &str = "reading a conversation";
            let (app, id) = key(&owner);
            let rows = self.store.read(DOING, conversations::ROW, &[&app, &id, &peer.as_str()]).await?;
            let conversation = |row: &Row| conversations::conversation_at(row, 0, &owner.id);
            optional(&rows, conversation).map_err(|fault| fault.of(DOING))
        })
    }

    fn mark_read(
        &self,
        owner: User,
        peer: UserId,
        sequence: Option<u64>,
    ) -> Answer<'_, Option<ConversationSet>> {
        Box::pin(async move {
            const DOING: &str = "marking messages as read";
            let (app, id) = key(&owner);
            let values: Values<'_> = &[&app, &id, &peer.as_str(), &sequence.map(number)];
            let rows = self.store.write(DOING, conversations::MARK_READ, values).await?;
            set_of(&rows, &owner).map_err(|fault| fault.of(DOING))
        })
    }

    fn pin_conversation(
        &self,
        owner: User,
        peer: UserId,
        pinned: bool,
    ) -> Answer<'_, Option<ConversationSet>> {
        Box::pin(async move {
            const DOING: &str = "pinning a conversation";
            let (app, id) = key(&owner);
            let values: Values<'_> = &[&app, &id, &peer.as_str(), &pinned];
            let rows = self.store.write(DOING, conversations::PIN, values).await?;
            set_of(&rows, &owner).map_err(|fault| fault.of(DOING))
        })
    }

    fn delete_conversation(&self, owner: User, peer: UserId) -> Answer<'_, Option<ListsState>> {
        Box::pin(async move {
            const DOING: &str = "deleting a conversation";
            let (app, id) = key(&owner);
            let rows = self.store.write(DOING, conversations::DELETE, &[&app, &id, &peer.as_str()]).await?;
            optional(&rows, |row| state_at(row, 0)).map_err(|fault| fault.of(DOING))
        })
    }

    fn forget_messages(&self, app: AppId, before: Timestamp, limit: usize) -> Answer<'_, usize> {
        Box::pin(async move {
            const DOING: &str = "forgetting messages";
            let values: Values<'_> = &[&i64::from(app.0), &millis(before), &number(limit)];
            let rows = self.store.write(DOING, messages::FORGET, values).await?;
            only(&rows).and_then(|row| unsigned(get(row, 0)?, 0)).map_err(|fault| fault.of(DOING))
        })
    }
}

fn set_of(rows: &[Row], owner: &User) -> Result<Option<ConversationSet>> {
    optional(rows, |row| conversations::conversation_set(row, &owner.id))
}
