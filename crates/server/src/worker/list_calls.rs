//! The calls of a client for profiles, friends, visibility, block list, messages and conversations (SPEC section 6).

use super::calls::Caller;
use crate::metrics::CallLabel;
use lamplight_model::{
    AllowType, ClientMessageId, Code, MessageBody, ProfileChange, Refusal, UserId, Visibility,
};
use lamplight_service::{By, NewFriend, ServiceError};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;

impl Caller {
    /// Executes a call on lists. If the call has changed lists, changes that were committed earlier are sent before the
    /// answer.
    pub async fn call_for_lists(&self, request: Request) -> Result<Body, ServiceError> {
        let (body, version) = self.do_for_lists(request).await?;
        if let Some(version) = version {
            self.worker.lists.tell_before(&self.worker.connections, self.id, &self.user.id, version).await;
        }
        Ok(body)
    }

    /// Executes the call. If it changed the lists, also returns their version after the change.
    async fn do_for_lists(&self, request: Request) -> Result<(Body, Option<u64>), ServiceError> {
        let (user, by) = (&self.user, By::Client(self.id));
        let service = &self.worker.shared.service;
        let now = self.worker.shared.clock.now();
        Ok(match request {
            Request::SetSelfInfo(request) => {
                let change = ProfileChange {
                    nick: request.nick,
                    avatar_url: request.avatar_url,
                    allow: allow_type(request.allow_type)?,
                };
                let set = service.set_profile(user, change, by, now).await?;
                let (profile, lists_version) = (Some(v1::Profile::of(&user.id, &set.value)), set.version);
                let body = Body::SetSelfInfo(v1::SetSelfInfoResponse { profile, lists_version });
                (body, Some(lists_version))
            }
            Request::GetUsersInfo(request) => {
                let info = service.users_info(user, &user_ids(&request.user_ids)?, by, now).await?;
                let profiles = info.profiles.iter().map(|(id, profile)| v1::Profile::of(id, profile));
                let body = v1::GetUsersInfoResponse {
                    profiles: profiles.collect(),
                    failures: item_failures(&info.failures),
                };
                (Body::GetUsersInfo(body), None)
            }
            Request::GetFriendList(request) => {
                let after = (!request.after.is_empty()).then(|| user_id(&request.after)).transpose()?;
                let page = service.friend_list(user, after.as_ref(), request.limit, by, now).await?;
                let body = v1::GetFriendListResponse {
                    friends: page.value.friends.iter().map(v1::Friend::from).collect(),
                    finished: page.value.finished,
                    lists_version: page.version,
                };
                (Body::GetFriendList(body), None)
            }
            Request::AddFriend(request) => {
                let friend = NewFriend {
                    id: user_id(&request.user_id)?,
                    both: !request.single,
                    remark: request.remark,
                    source: request.add_source,
                    wording: request.add_wording,
                    added: None,
                };
                let added = service.add_friend(user, friend, by, now).await?;
                let (friend, lists_version) = (Some((&added.value).into()), added.version);
                (Body::AddFriend(v1::AddFriendResponse { friend, lists_version }), Some(lists_version))
            }
            Request::DeleteFriends(request) => {
                let friends = user_ids(&request.user_ids)?;
                let deleted = service.delete_friends(user, &friends, !request.single, by, now).await?;
                let (failures, lists_version) = (item_failures(&deleted.value.failures), deleted.version);
                let body = Body::DeleteFriends(v1::DeleteFriendsResponse { failures, lists_version });
                (body, Some(lists_version))
            }
            Request::SetFriendRemark(request) => {
                let friend = user_id(&request.user_id)?;
                let set = service.set_friend_remark(user, &friend, &request.remark, by, now).await?;
                let (friend, lists_version) = (Some((&set.value).into()), set.version);
                let body = Body::SetFriendRemark(v1::SetFriendRemarkResponse { friend, lists_version });
                (body, Some(lists_version))
            }
            Request::SetVisibility(request) => {
                let visibility = visibility(request.visibility)?;
                let lists_version = service.set_visibility(user, visibility, by, now).await?.version;
                self.count("set_visibility");
                (Body::SetVisibility(v1::SetVisibilityResponse { lists_version }), Some(lists_version))
            }
            Request::GetBlockList(_) => {
                let list = service.block_list(user, by, now).await?;
                self.count("get_block_list");
                let body = v1::GetBlockListResponse {
                    visibility: v1::Visibility::from(list.value.visibility).into(),
                    blocked: list.value.blocked.iter().map(v1::BlockedUser::from).collect(),
                    lists_version: list.version,
                };
                (Body::GetBlockList(body), None)
            }
            Request::BlockUsers(request) => {
                let users = user_ids(&request.user_ids)?;
                let done = service.block_users(user, &users, by, now).await?;
                self.count("block_users");
                let body = v1::BlockUsersResponse {
                    blocked: done.value.blocked.iter().map(v1::BlockedUser::from).collect(),
                    failures: item_failures(&done.value.failures),
                    lists_version: done.version,
                };
                (Body::BlockUsers(body), Some(done.version))
            }
            Request::UnblockUsers(request) => {
                let users = user_ids(&request.user_ids)?;
                let done = service.unblock_users(user, &users, by, now).await?;
                self.count("unblock_users");
                let (failures, lists_version) = (item_failures(&done.value.failures), done.version);
                (
                    Body::UnblockUsers(v1::UnblockUsersResponse { failures, lists_version }),
                    Some(lists_version),
                )
            }
            Request::SendMessage(request) => {
                let to = user_id(&request.to)?;
                let body = message_body(request.text, request.custom)?;
                let client_id =
                    ClientMessageId::of_client(&request.client_message_id).map_err(Refusal::from)?;
                let sent = service.send_message(user, &to, body, client_id, by, now).await?;
                let body = v1::SendMessageResponse {
                    message: Some((&sent.value.message).into()),
                    repeated_send: sent.value.repeated,
                    lists_version: sent.version,
                };
                (Body::SendMessage(body), Some(sent.version))
            }
            Request::GetHistory(request) => {
                let peer = user_id(&request.peer)?;
                let before = (request.before > 0).then_some(request.before);
                let page = service.history(user, &peer, before, request.limit, by, now).await?;
                let messages = page.messages.iter().map(v1::Message::from).collect();
                (Body::GetHistory(v1::GetHistoryResponse { messages, finished: page.finished }), None)
            }
            Request::GetConversationList(request) => {
                let page = service.conversation_list(user, &request.cursor, request.limit, by, now).await?;
                let body = v1::GetConversationListResponse {
                    conversations: page.value.conversations.iter().map(v1::Conversation::from).collect(),
                    next: page.value.next.unwrap_or_default(),
                    total_unread: page.value.total_unread,
                    lists_version: page.version,
                };
                (Body::GetConversationList(body), None)
            }
            Request::MarkRead(request) => {
                let peer = user_id(&request.peer)?;
                let sequence = (request.sequence > 0).then_some(request.sequence);
                let read = service.mark_read(user, &peer, sequence, by, now).await?;
                let (conversation, lists_version) = (Some((&read.value).into()), read.version);
                (Body::MarkRead(v1::MarkReadResponse { conversation, lists_version }), Some(lists_version))
            }
            Request::PinConversation(request) => {
                let peer = user_id(&request.peer)?;
                let pinned = service.pin_conversation(user, &peer, request.pinned, by, now).await?;
                let (conversation, lists_version) = (Some((&pinned.value).into()), pinned.version);
                let body = Body::PinConversation(v1::PinConversationResponse { conversation, lists_version });
                (body, Some(lists_version))
            }
            Request::DeleteConversation(request) => {
                let peer = user_id(&request.peer)?;
                let lists_version = service.delete_conversation(user, &peer, by, now).await?.version;
                let body = Body::DeleteConversation(v1::DeleteConversationResponse { lists_version });
                (body, Some(lists_version))
            }
            Request::Login(_)
            | Request::Logout(_)
            | Request::Heartbeat(_)
            | Request::SetSelfStatus(_)
            | Request::GetUserStatus(_)
            | Request::SubscribeUserStatus(_)
            | Request::UnsubscribeUserStatus(_)
            | Request::GetSubscriptions(_) => unreachable!("not a call on lists"),
        })
    }
}

impl Caller {
    /// Counts a successful call about visibility or a block list.
    fn count(&self, call: &'static str) {
        self.worker.metrics.restriction_calls.get_or_create(&CallLabel { call }).inc();
    }
}

/// Returns the body of a message from a client: a text or custom content.
fn message_body(text: String, custom: Option<v1::CustomElement>) -> Result<MessageBody, Refusal> {
    match custom {
        None => Ok(MessageBody::Text(text)),
        Some(custom) if text.is_empty() => Ok(MessageBody::Custom(custom.into())),
        Some(_) => {
            Err(Refusal::because(Code::INVALID_PARAMETER, "a message has a text or custom content, not both"))
        }
    }
}

fn user_id(text: &str) -> Result<UserId, Refusal> {
    UserId::new(text).map_err(|invalid| Refusal::because(Code::INVALID_PARAMETER, invalid.to_string()))
}

fn user_ids(texts: &[String]) -> Result<Vec<UserId>, Refusal> {
    texts.iter().map(|text| user_id(text)).collect()
}

/// Parses the new rule for friend requests; `None` means that the rule does not change.
fn allow_type(number: i32) -> Result<Option<AllowType>, Refusal> {
    match v1::AllowType::try_from(number) {
        Ok(v1::AllowType::Unspecified) => Ok(None),
        Ok(v1::AllowType::AllowAny) => Ok(Some(AllowType::AllowAny)),
        Ok(v1::AllowType::DenyAny) => Ok(Some(AllowType::DenyAny)),
        Err(_) => Err(Refusal::because(Code::INVALID_PARAMETER, "unknown allow_type")),
    }
}

/// Parses the new visibility. Refuses a request without a visibility: a default would change the user's visibility by
/// mistake.
fn visibility(number: i32) -> Result<Visibility, Refusal> {
    let missing = "visibility must be VISIBILITY_EVERYONE, VISIBILITY_FRIENDS or VISIBILITY_NOBODY";
    v1::Visibility::named(number).ok_or_else(|| Refusal::because(Code::INVALID_PARAMETER, missing))
}

fn item_failures(failures: &[(UserId, Code)]) -> Vec<v1::ItemFailure> {
    let failure = |(user, code): &(UserId, Code)| v1::ItemFailure {
        user_id: user.to_string(),
        code: code.number(),
        message: code.english().to_owned(),
    };
    failures.iter().map(failure).collect()
}
