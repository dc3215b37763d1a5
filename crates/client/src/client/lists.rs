//! The calls about profiles, friends, the block list, messages and conversations.

use super::Client;
use crate::lists::{
    self, BlockListInfo, ConversationInfo, ConversationPage, FriendInfo, History, ItemFailure, SentMessage,
    UserInfo, UsersBlocked, UsersInfo,
};
use crate::request::{Answer, Request};
use crate::{Error, Refused};
use lamplight_model::{
    AllowType, ClientMessageId, Code, CustomElement, MessageBody, ProfileChange, Visibility,
};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Ask;
use lamplight_wire::v1::server_message::Body as Tell;

/// The number of friends in one request.
const FRIEND_PAGE: u32 = 1_000;

impl Client {
    /// Changes the user's own profile, and returns the new profile. Fields that are `None` are not changed.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 6017 if a text has more than 500 bytes or contains a control character, or if the avatar
    /// is neither empty nor an http or https URL.
    pub async fn set_self_info(&self, change: ProfileChange) -> Result<UserInfo, Error> {
        let allow_type = match change.allow {
            None => v1::AllowType::Unspecified,
            Some(AllowType::AllowAny) => v1::AllowType::AllowAny,
            Some(AllowType::DenyAny) => v1::AllowType::DenyAny,
        };
        let ask = Ask::SetSelfInfo(v1::SetSelfInfoRequest {
            nick: change.nick,
            avatar_url: change.avatar_url,
            allow_type: allow_type as i32,
        });
        let Tell::SetSelfInfo(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
        told.profile.and_then(lists::user_info).ok_or(Error::IncompleteAnswer)
    }

    /// Returns the profiles of at most 100 users. Users without an account are not an error: [`UsersInfo::failures`]
    /// contains them.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 6017 if there are no users, or with 70206 if there are too many.
    pub async fn get_users_info<I>(&self, users: I) -> Result<UsersInfo, Error>
    where
        I: IntoIterator,
        I::Item: ToString,
    {
        let user_ids = super::texts(users);
        let ask = Ask::GetUsersInfo(v1::GetUsersInfoRequest { user_ids });
        let Tell::GetUsersInfo(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
        Ok(lists::users_info(told))
    }

    /// Returns the whole friend list, in ascending order of the `userID`s. The client makes one request per 1,000
    /// friends, and the call timeout applies to each request.
    ///
    /// # Errors
    ///
    /// Those of [every call](Client#errors-of-every-call), and [`Error::NotLoggedIn`] if the session is replaced between
    /// two requests.
    pub async fn get_friend_list(&self) -> Result<Vec<FriendInfo>, Error> {
        let mut friends: Vec<FriendInfo> = Vec::new();
        let mut session = None;
        loop {
            let now = self.shared.lock().machine().session_of_calls();
            if session.is_some_and(|before| Some(before) != now) {
                return Err(Error::NotLoggedIn);
            }
            session = now;
            let after = friends.last().map_or(String::new(), |friend| friend.user_id.to_string());
            let ask = Ask::GetFriendList(v1::GetFriendListRequest { after, limit: FRIEND_PAGE });
            let Tell::GetFriendList(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
            let before = friends.len();
            friends.extend(told.friends.into_iter().filter_map(lists::friend));
            if told.finished || friends.len() == before {
                return Ok(friends);
            }
        }
    }

    /// Adds a user to this user's friend list, and adds this user to the other user's list. If the user is already a
    /// friend, a remark that is not empty replaces the earlier one. A remark is UTF-8 of at most 96 bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with one of these codes:
    ///
    /// - 70107: there is no such account.
    /// - 30516: the user allows nobody to add them, or has blocked this user.
    /// - 30010: this user's friend list is full.
    /// - 30014: the other user's list is full.
    /// - 6017: `user_id` is the id of this user, or the remark is too long or contains a control character.
    pub async fn add_friend(&self, user_id: &str, remark: &str) -> Result<FriendInfo, Error> {
        let ask = Ask::AddFriend(v1::AddFriendRequest {
            user_id: user_id.to_owned(),
            remark: remark.to_owned(),
            ..v1::AddFriendRequest::default()
        });
        let Tell::AddFriend(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
        told.friend.and_then(lists::friend).ok_or(Error::IncompleteAnswer)
    }

    /// Removes at most 100 users from this user's friend list, and this user from the friend lists of these users.
    /// Returns the users for whom neither list had an entry (31704).
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 6017 if there are no users, or with 70206 if there are too many.
    pub async fn delete_from_friend_list<I>(&self, users: I) -> Result<Vec<ItemFailure>, Error>
    where
        I: IntoIterator,
        I::Item: ToString,
    {
        let user_ids = super::texts(users);
        let ask = Ask::DeleteFriends(v1::DeleteFriendsRequest { user_ids, single: false });
        let Tell::DeleteFriends(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
        Ok(lists::item_failures(told.failures))
    }

    /// Changes the remark, which is this user's name for a friend: UTF-8, at most 96 bytes; empty for no remark.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 31704 if the user is not a friend, or with 6017 if the remark is too long or contains a
    /// control character.
    pub async fn set_friend_remark(&self, user_id: &str, remark: &str) -> Result<FriendInfo, Error> {
        let (user_id, remark) = (user_id.to_owned(), remark.to_owned());
        let ask = Ask::SetFriendRemark(v1::SetFriendRemarkRequest { user_id, remark });
        let Tell::SetFriendRemark(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
        told.friend.and_then(lists::friend).ok_or(Error::IncompleteAnswer)
    }

    /// Sets which users may see this user's status. Blocked users may never see it. The change takes effect at once.
    /// Users who may no longer see the status are shown a status as if all connections of this user had closed.
    ///
    /// # Errors
    ///
    /// Only those of [every call](Client#errors-of-every-call).
    pub async fn set_visibility(&self, visibility: Visibility) -> Result<(), Error> {
        let visibility = v1::Visibility::from(visibility).into();
        self.lists(Ask::SetVisibility(v1::SetVisibilityRequest { visibility })).await.map(drop)
    }

    /// Returns this user's visibility and block list. The list has at most 1,000 entries.
    ///
    /// # Errors
    ///
    /// Only those of [every call](Client#errors-of-every-call).
    pub async fn get_block_list(&self) -> Result<BlockListInfo, Error> {
        let ask = Ask::GetBlockList(v1::GetBlockListRequest {});
        let Tell::GetBlockList(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
        Ok(lists::block_list(told))
    }

    /// Adds at most 1,000 users to this user's block list. A blocked user can neither see this user's status, nor send
    /// messages to this user, nor add this user as a friend. Friendships stay.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 6017 if there are no users, or if one of them is this user; with 70206 if there are too
    /// many. If the call failed only for some users, [`UsersBlocked::failures`] contains these users.
    pub async fn block_users<I>(&self, users: I) -> Result<UsersBlocked, Error>
    where
        I: IntoIterator,
        I::Item: ToString,
    {
        let user_ids = super::texts(users);
        let ask = Ask::BlockUsers(v1::BlockUsersRequest { user_ids });
        let Tell::BlockUsers(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
        Ok(lists::users_blocked(told))
    }

    /// Removes at most 1,000 users from this user's block list. Returns the users who were not on it (31503).
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 6017 if there are no users, or if one of them is this user; with 70206 if there are too
    /// many.
    pub async fn unblock_users<I>(&self, users: I) -> Result<Vec<ItemFailure>, Error>
    where
        I: IntoIterator,
        I::Item: ToString,
    {
        let user_ids = super::texts(users);
        let ask = Ask::UnblockUsers(v1::UnblockUsersRequest { user_ids });
        let Tell::UnblockUsers(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
        Ok(lists::item_failures(told.failures))
    }

    /// Sends a text message of at most 12,288 bytes of UTF-8, unless the app has another limit. After a success, the
    /// message is stored durably.
    ///
    /// If the link breaks while the message is being sent, the client sends it again after the reconnect, within the
    /// call timeout. The server stores it once.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with one of these codes:
    ///
    /// - 70107: there is no such account.
    /// - 80002: the text is too long.
    /// - 6017: the text is empty.
    /// - 20007: the recipient has blocked this user.
    pub async fn send_c2c_text_message(&self, to: &str, text: &str) -> Result<SentMessage, Error> {
        self.send_c2c_text_message_as(to, text, &random_id()).await
    }

    /// Sends a text message with an id that the application has chosen and stored. The application can then repeat the
    /// call even after a restart. If the same text was sent to the same user with the same id within ten minutes, the
    /// call stores nothing and returns the stored message.
    ///
    /// # Errors
    ///
    /// The same as for [`send_c2c_text_message`](Self::send_c2c_text_message). Also [`Error::Refused`] with 6017 if the
    /// id begins with `api:`, which is reserved for the server API.
    pub async fn send_c2c_text_message_as(
        &self,
        to: &str,
        text: &str,
        client_id: &ClientMessageId,
    ) -> Result<SentMessage, Error> {
        self.send_message(to, MessageBody::from(text), client_id).await
    }

    /// Sends custom content, which only the application interprets. All parts together have 1 to 12,288 bytes, unless
    /// the app has another limit. For the id, see [`send_c2c_text_message_as`](Self::send_c2c_text_message_as).
    ///
    /// # Errors
    ///
    /// The same as for [`send_c2c_text_message_as`](Self::send_c2c_text_message_as). An empty content has no bytes in
    /// any part.
    pub async fn send_c2c_custom_message_as(
        &self,
        to: &str,
        custom: CustomElement,
        client_id: &ClientMessageId,
    ) -> Result<SentMessage, Error> {
        self.send_message(to, MessageBody::Custom(custom), client_id).await
    }

    /// Sends custom content like [`send_c2c_custom_message_as`](Self::send_c2c_custom_message_as), with a random id.
    ///
    /// # Errors
    ///
    /// The same as for [`send_c2c_text_message`](Self::send_c2c_text_message).
    pub async fn send_c2c_custom_message(
        &self,
        to: &str,
        custom: CustomElement,
    ) -> Result<SentMessage, Error> {
        self.send_c2c_custom_message_as(to, custom, &random_id()).await
    }

    async fn send_message(
        &self,
        to: &str,
        body: MessageBody,
        client_id: &ClientMessageId,
    ) -> Result<SentMessage, Error> {
        let (text, custom) = match &body {
            MessageBody::Text(text) => (text.clone(), None),
            MessageBody::Custom(custom) => (String::new(), Some(custom.into())),
        };
        let (to, client_message_id) = (to.to_owned(), client_id.to_string());
        let ask = Ask::SendMessage(v1::SendMessageRequest { to, text, client_message_id, custom });
        let Tell::SendMessage(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
        let message = told.message.and_then(lists::message).ok_or(Error::IncompleteAnswer)?;
        Ok(SentMessage { message, repeated: told.repeated_send })
    }

    /// Returns a page of the messages with `peer`, newest first; an empty one if there is no conversation. If `before`
    /// is given and not 0, returns only messages with a lower sequence. A page has at most `limit` messages: 1 to 100;
    /// 0 stands for 20. A page with long texts has fewer messages.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 6017 if `limit` is above 100.
    pub async fn get_c2c_history(
        &self,
        peer: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<History, Error> {
        let before = before.unwrap_or(0);
        let ask = Ask::GetHistory(v1::GetHistoryRequest { peer: peer.to_owned(), before, limit });
        let Tell::GetHistory(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
        let messages = told.messages.into_iter().filter_map(lists::message).collect();
        Ok(History { messages, finished: told.finished })
    }

    /// Returns a page of the conversation list: the first page, or the page at the `next` of the previous page. A page
    /// has at most `limit` rows: 1 to 1,000, or 0 for the server's maximum. A page with long texts has fewer rows.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 6017 if `next` is invalid or `limit` is above 1,000.
    pub async fn get_conversation_list(
        &self,
        next: Option<&str>,
        limit: u32,
    ) -> Result<ConversationPage, Error> {
        let cursor = next.unwrap_or_default().to_owned();
        let ask = Ask::GetConversationList(v1::GetConversationListRequest { cursor, limit });
        let Tell::GetConversationList(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
        Ok(ConversationPage {
            conversations: told.conversations.into_iter().filter_map(lists::conversation).collect(),
            next: Some(told.next).filter(|next| !next.is_empty()),
            total_unread: told.total_unread,
        })
    }

    /// Marks the messages of `peer` up to `sequence` as read, or all existing messages if `sequence` is `None`. The
    /// read position never moves back.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 6017 if there is no such conversation, or if `sequence` is 0: no message has this
    /// sequence.
    pub async fn mark_read(&self, peer: &str, sequence: Option<u64>) -> Result<ConversationInfo, Error> {
        // For the server, 0 stands for all messages.
        if sequence == Some(0) {
            let why = "the sequence of a message is at least 1";
            return Err(Refused::because(Code::INVALID_PARAMETER, why).into());
        }
        let sequence = sequence.unwrap_or(0);
        let ask = Ask::MarkRead(v1::MarkReadRequest { peer: peer.to_owned(), sequence });
        let Tell::MarkRead(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
        told.conversation.and_then(lists::conversation).ok_or(Error::IncompleteAnswer)
    }

    /// Pins a conversation to the top of the list, or unpins it.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 6017 if there is no such conversation.
    pub async fn pin(&self, peer: &str, pinned: bool) -> Result<ConversationInfo, Error> {
        let ask = Ask::PinConversation(v1::PinConversationRequest { peer: peer.to_owned(), pinned });
        let Tell::PinConversation(told) = self.lists(ask).await? else { unreachable!("{KINDS}") };
        told.conversation.and_then(lists::conversation).ok_or(Error::IncompleteAnswer)
    }

    /// Removes a conversation from this user's list, together with its history. The peer's list and history do not
    /// change.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 6017 if there is no such conversation.
    pub async fn delete_conversation(&self, peer: &str) -> Result<(), Error> {
        let ask = Ask::DeleteConversation(v1::DeleteConversationRequest { peer: peer.to_owned() });
        self.lists(ask).await.map(drop)
    }

    async fn lists(&self, ask: Ask) -> Result<Tell, Error> {
        let Answer::Lists(told) = self.call(Request::Lists(Box::new(ask))).await? else {
            unreachable!("a call about the lists has an answer of its kind")
        };
        Ok(*told)
    }
}

/// Makes a random id for a message.
fn random_id() -> ClientMessageId {
    let random = format!("{:032x}", rand::random::<u128>());
    ClientMessageId::new(&random).expect("32 bytes of printable ASCII")
}

const KINDS: &str = "the machine accepts only an answer of the kind of its request";
