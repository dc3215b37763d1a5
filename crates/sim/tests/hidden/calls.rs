//! Executes the acts of a plan, and records the answers to their callers.

use crate::plan::{Act, HIDER};
use crate::twin::{Twin, id_of, user_of};
use crate::{Failed, Who};
use lamplight_core::LinkEnd;
use lamplight_model::{ClientMessageId, Code, ConnectionId, Friend, MessageBody, User, UserId};
use lamplight_service::{By, Effect, NewFriend, OwnListChange, Reader, Service, ServiceError};
use lamplight_wire::v1;
use lamplight_wire::v1::server_message::Body;

/// The result of a call: the answer, or the refusal.
type Answer = Result<Body, ServiceError>;

impl Twin {
    /// Executes an act. If the act is a login, `number` is the number of its connection.
    pub async fn act(&mut self, act: &Act, number: u64) -> Result<(), Failed> {
        match act {
            Act::Advance { millis } => return self.advance(*millis).await,
            Act::Upkeep => self.keep().await?,
            Act::Doze { worker, dozes } => self.dozing[*worker] = *dozes,
            Act::Kill => self.restart().await?,
            Act::Lose { hider_goes } => self.lose(*hider_goes).await?,
            Act::CloseAll => {
                let links = self.links.iter().filter(|(_, link)| link.who == HIDER);
                for connection in links.map(|(connection, _)| *connection).collect::<Vec<_>>() {
                    self.end(HIDER, connection, LinkEnd::Closed).await?;
                }
                return Ok(());
            }
            Act::FriendNotification { on } => {
                self.app.settings.switches.friend_notification = *on;
                self.process()?.service.put_app(self.app.clone()).await?;
            }
            Act::UserStatus { on } => {
                self.app.settings.switches.user_status = *on;
                self.process()?.service.put_app(self.app.clone()).await?;
            }
            Act::Timing { retention_ms, linger_ms } => {
                let timing = &mut self.app.settings.timing;
                timing.login_retention_ms = *retention_ms;
                (timing.linger_native_ms, timing.linger_web_ms) = (*linger_ms, *linger_ms);
                self.process()?.service.put_app(self.app.clone()).await?;
            }
            Act::Login { who, device, worker, resume } => {
                if let Err(code) = self.login(*who, *device, *worker, *resume, number).await? {
                    let text = format!("refused: {code}");
                    self.record(*who, number, code.number().to_be_bytes().to_vec(), text);
                }
            }
            Act::Logout { who, device } => {
                if let Some(connection) = self.link_of(*who, *device) {
                    let id = ConnectionId::alone(connection);
                    self.process()?.service.logout(&user_of(*who), id, self.now).await?;
                    self.forget(connection);
                }
            }
            Act::SigEnds { who, device } => {
                if let Some(connection) = self.link_of(*who, *device) {
                    let id = ConnectionId::alone(connection);
                    self.process()?.service.expire_sig(&user_of(*who), id, self.now).await?;
                    self.forget(connection);
                }
            }
            Act::Close { who, device, timed_out } => {
                if let Some(connection) = self.link_of(*who, *device) {
                    let how = if *timed_out { LinkEnd::TimedOut } else { LinkEnd::Closed };
                    self.end(*who, connection, how).await?;
                }
            }
            Act::Stall { who, device, stalls } => {
                if let Some(connection) = self.link_of(*who, *device) {
                    if let Some(link) = self.links.get_mut(&connection) {
                        link.stalled = *stalls;
                    }
                    self.deliver(connection);
                }
            }
            Act::Kick { who } => drop(self.process()?.service.kick(&user_of(*who), self.now).await?),
            Act::Delete { who } => {
                drop(self.process()?.service.delete_account(&user_of(*who), self.now).await?);
            }
            Act::Create { who } => {
                self.process()?.service.create_account(&user_of(*who), self.now).await?;
            }
            Act::SetVisibility { who, visibility } => {
                let service = &self.process()?.service;
                service.set_visibility(&user_of(*who), *visibility, By::App, self.now).await?;
            }
            Act::Block { who, users } => {
                let users: Vec<UserId> = users.iter().map(|who| id_of(*who)).collect();
                self.process()?.service.block_users(&user_of(*who), &users, By::App, self.now).await?;
            }
            Act::Unblock { who, users } => {
                let users: Vec<UserId> = users.iter().map(|who| id_of(*who)).collect();
                self.process()?.service.unblock_users(&user_of(*who), &users, By::App, self.now).await?;
            }
            Act::Befriend { who, friend } => {
                let friend = NewFriend::mutual(id_of(*friend));
                self.process()?.service.add_friend(&user_of(*who), friend, By::App, self.now).await?;
            }
            Act::DeleteFriend { who, device, friend, single } if self.link_of(*who, *device).is_none() => {
                let (owner, friends) = (user_of(*who), [id_of(*friend)]);
                self.process()?.service.delete_friends(&owner, &friends, !single, By::App, self.now).await?;
            }
            Act::Text { who, device, .. }
            | Act::Query { who, device, .. }
            | Act::Subscribe { who, device, .. }
            | Act::Unsubscribe { who, device, .. }
            | Act::List { who, device }
            | Act::AddFriend { who, device, .. }
            | Act::DeleteFriend { who, device, .. }
            | Act::Friends { who, device }
            | Act::Info { who, device, .. }
            | Act::Send { who, device, .. }
            | Act::Conversations { who, device } => {
                if let Some(connection) = self.link_of(*who, *device) {
                    let answer = self.call(act, *who, connection).await?;
                    let body = match answer {
                        Ok(body) => body,
                        Err(error) => Body::Refusal(error.refusal().into()),
                    };
                    self.send(connection, body);
                }
            }
        }
        self.pump().await
    }

    async fn end(&mut self, who: Who, connection: u64, how: LinkEnd) -> Result<(), Failed> {
        let id = ConnectionId::alone(connection);
        self.process()?.service.disconnect(&user_of(who), id, how, self.now.wall, self.now).await?;
        self.forget(connection);
        Ok(())
    }

    /// Executes a call of a logged-in client. Fails only if a store fails.
    async fn call(&mut self, act: &Act, who: Who, connection: u64) -> Result<Answer, Failed> {
        match self.try_call(act, who, connection).await {
            Ok(body) => Ok(Ok(body)),
            Err(failed) => match failed.downcast::<ServiceError>() {
                Ok(error) if self.has_losses || matches!(*error, ServiceError::Refused(_)) => Ok(Err(*error)),
                Ok(error) => Err(error),
                Err(failed) => Err(failed),
            },
        }
    }

    async fn try_call(&mut self, act: &Act, who: Who, connection: u64) -> Result<Body, Failed> {
        let (user, now) = (user_of(who), self.now);
        let by = By::Client(ConnectionId::alone(connection));
        let ids = |users: &[Who]| users.iter().map(|who| id_of(*who)).collect::<Vec<UserId>>();
        let names = |users: &[Who]| users.iter().map(|who| id_of(*who).to_string()).collect::<Vec<_>>();
        let service = || -> Result<&Service, Failed> { Ok(&self.process()?.service) };
        Ok(match act {
            Act::Text { text, seconds, .. } => {
                let status = service()?.set_custom_status(&user, text, *seconds, by, now).await?;
                let status = Some(self.newest(connection, &status)?);
                Body::SetSelfStatus(v1::SetSelfStatusResponse { status })
            }
            Act::Query { users, .. } => {
                let queried = service()?.get_user_status(&user, &names(users), now).await?;
                let newest = queried.statuses.iter().map(|status| self.newest(connection, status));
                Body::GetUserStatus(v1::GetUserStatusResponse {
                    statuses: newest.collect::<Result<_, _>>()?,
                    failures: failures(queried.failures),
                })
            }
            Act::Subscribe { users, .. } => {
                let done = service()?.subscribe_user_status(&user, &names(users), now).await?;
                let not_watched = self.own_list(connection, &done.changes, &done.evicted).await?;
                let subscribed = done.subscribed.iter().map(|id| User::new(user.app, id.clone()));
                let subscribed: Vec<User> = subscribed.collect();
                let (worker, watcher) = self.place(connection)?;
                if let Err(error) = self.read_for(worker, &subscribed, Reader::Viewer(&user.id)).await {
                    self.release(worker, watcher).await?;
                    return Err(error);
                }
                let process = self.process.as_mut().ok_or("the process is down")?;
                let audience = &mut process.seats[worker].audience;
                let statuses = subscribed.iter();
                let statuses = statuses.filter_map(|user| Some(audience.take(watcher, user)?.0.message()));
                Body::SubscribeUserStatus(v1::SubscribeUserStatusResponse {
                    statuses: statuses.collect(),
                    failures: failures(done.failures),
                    evicted: done.evicted.iter().map(UserId::to_string).collect(),
                    not_watched,
                })
            }
            Act::Unsubscribe { users, .. } => {
                let done = service()?.unsubscribe_user_status(&user, &names(users), now).await?;
                let removed = done.change.unsubscribed.clone();
                let not_watched = self.own_list(connection, &[done.change], &removed).await?;
                Body::UnsubscribeUserStatus(v1::UnsubscribeUserStatusResponse {
                    failures: failures(done.failures),
                    not_watched,
                })
            }
            Act::List { .. } => {
                let (list, limit) = service()?.get_subscriptions(&user, now).await?;
                let user_ids = list.iter().map(UserId::to_string).collect();
                Body::GetSubscriptions(v1::GetSubscriptionsResponse { user_ids, limit: limit.into() })
            }
            Act::AddFriend { friend, single, .. } => {
                let friend = NewFriend { both: !single, ..NewFriend::mutual(id_of(*friend)) };
                let added = service()?.add_friend(&user, friend, by, now).await?;
                let (friend, lists_version) = (Some((&added.value).into()), added.version);
                Body::AddFriend(v1::AddFriendResponse { friend, lists_version })
            }
            Act::DeleteFriend { friend, single, .. } => {
                let deleted = service()?.delete_friends(&user, &ids(&[*friend]), !single, by, now).await?;
                let failures = item_failures(&deleted.value.failures);
                Body::DeleteFriends(v1::DeleteFriendsResponse { failures, lists_version: deleted.version })
            }
            Act::Friends { .. } => {
                let page = service()?.friend_list(&user, None, 0, by, now).await?;
                Body::GetFriendList(v1::GetFriendListResponse {
                    friends: page.value.friends.iter().map(v1_friend).collect(),
                    finished: page.value.finished,
                    lists_version: page.version,
                })
            }
            Act::Info { users, .. } => {
                let info = service()?.users_info(&user, &ids(users), by, now).await?;
                let profiles = info.profiles.iter().map(|(id, profile)| v1::Profile::of(id, profile));
                Body::GetUsersInfo(v1::GetUsersInfoResponse {
                    profiles: profiles.collect(),
                    failures: item_failures(&info.failures),
                })
            }
            Act::Send { to, .. } => {
                let body = MessageBody::Text("a text".into());
                let client_id = ClientMessageId::of_client(&format!("{}", now.wall.0))?;
                let sent = service()?.send_message(&user, &id_of(*to), body, client_id, by, now).await?;
                Body::SendMessage(v1::SendMessageResponse {
                    message: Some((&sent.value.message).into()),
                    repeated_send: sent.value.repeated,
                    lists_version: sent.version,
                })
            }
            Act::Conversations { .. } => {
                let page = service()?.conversation_list(&user, "", 0, by, now).await?;
                Body::GetConversationList(v1::GetConversationListResponse {
                    conversations: page.value.conversations.iter().map(v1::Conversation::from).collect(),
                    next: page.value.next.unwrap_or_default(),
                    total_unread: page.value.total_unread,
                    lists_version: page.version,
                })
            }
            other => return Err(format!("{other:?} is no call").into()),
        })
    }

    fn place(&self, connection: u64) -> Result<(usize, lamplight_core::WatcherKey), Failed> {
        let link = self.links.get(&connection).ok_or("the connection has ended")?;
        Ok((link.worker, link.watcher))
    }

    /// Returns the status for an answer: `status`, or a newer one that was already sent on the connection.
    fn newest(
        &mut self,
        connection: u64,
        status: &lamplight_model::UserStatus,
    ) -> Result<v1::UserStatus, Failed> {
        let (worker, watcher) = self.place(connection)?;
        let process = self.process.as_mut().ok_or("the process is down")?;
        let of = User::new(user_of(HIDER).app, status.user_id.clone());
        let newer = process.seats[worker].audience.answer(watcher, &of, status.version);
        Ok(newer.map_or_else(|| status.into(), |newer| newer.0.message()))
    }

    /// Applies a change of the subscription list that the connection itself has made. Of the users in `left`, returns
    /// those whom the connection no longer watches.
    async fn own_list(
        &mut self,
        connection: u64,
        changes: &[OwnListChange],
        left: &[UserId],
    ) -> Result<Vec<String>, Failed> {
        let (worker, watcher) = self.place(connection)?;
        let process = self.process.as_mut().ok_or("the process is down")?;
        let audience = &mut process.seats[worker].audience;
        let mut effects = Vec::new();
        changes.iter().for_each(|change| audience.change_own_list(watcher, change, &mut effects));
        if effects.iter().any(|effect| matches!(effect, Effect::Reload(_))) {
            return Err("entries were missed".into());
        }
        Ok(audience.not_watched(watcher, left).iter().map(UserId::to_string).collect())
    }
}

fn v1_friend(friend: &Friend) -> v1::Friend {
    friend.into()
}

fn failures(failures: Vec<(UserId, Code)>) -> Vec<v1::Failure> {
    let failure =
        |(user, code): (UserId, Code)| v1::Failure { user_id: user.to_string(), code: code.number() };
    failures.into_iter().map(failure).collect()
}

fn item_failures(failures: &[(UserId, Code)]) -> Vec<v1::ItemFailure> {
    let failure = |(user, code): &(UserId, Code)| v1::ItemFailure {
        user_id: user.to_string(),
        code: code.number(),
        message: code.english().to_owned(),
    };
    failures.iter().map(failure).collect()
}
