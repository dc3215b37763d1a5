//! The part of the machine that processes messages of the server: answers and notifications.

use super::retry::Retry;
use super::snapshot::Snapshot;
use super::{Machine, Phase, Session, Turn};
use crate::backoff::Spread;
use crate::event::KickedBy;
use crate::link::{Call, InFlight, Link};
use crate::lists;
use crate::request::{self, Answer, Request};
use crate::restore::{AFTER_REFUSAL, Restored};
use crate::{Abilities, Error, Event, LinkEnd, Refused, read};
use lamplight_model::{Code, Platform, UserId, UserStatus};
use lamplight_wire::v1;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body as Tell;
use std::collections::BTreeSet;
use std::mem;
use std::time::Duration;

/// The longest wait that a server can request; a longer wait is shortened to it. A Lamplight server requests at most
/// `reconnect_spread_ms`, which is at most ten minutes.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// The wait after [`Code::TOO_MANY_FAILURES`], because the server blocks the address for a minute.
const AFTER_TOO_MANY_FAILURES: Duration = Duration::from_secs(60);

impl Machine {
    /// Processes a message of the server.
    pub(super) fn received(&mut self, message: v1::ServerMessage, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        if let Phase::Live(link) = &mut session.phase {
            link.heard(turn.now);
        }
        // A message without a known body is from a newer protocol version, and is ignored.
        let Some(body) = message.body else { return };
        match body {
            Tell::StatusChanged(told) => {
                let statuses = read::statuses(told.statuses);
                match &mut session.phase {
                    Phase::LoggingIn { early, .. } => early.extend(statuses),
                    Phase::Live(_) | Phase::Connecting { .. } | Phase::Waiting { .. } => {
                        self.told(statuses, turn);
                        if told.snapshot_complete {
                            self.snapshot_complete(turn);
                        }
                    }
                }
            }
            Tell::SubscriptionsChanged(told) => self.subscriptions_changed(&told, turn),
            Tell::ConnectionEnded(told) => self.connection_ended(&told, turn),
            Tell::Login(_)
            | Tell::Refusal(_)
            | Tell::Logout(_)
            | Tell::SetSelfStatus(_)
            | Tell::GetUserStatus(_)
            | Tell::SubscribeUserStatus(_)
            | Tell::UnsubscribeUserStatus(_)
            | Tell::GetSubscriptions(_)
            | Tell::SetSelfInfo(_)
            | Tell::GetUsersInfo(_)
            | Tell::GetFriendList(_)
            | Tell::AddFriend(_)
            | Tell::DeleteFriends(_)
            | Tell::SetFriendRemark(_)
            | Tell::SetVisibility(_)
            | Tell::GetBlockList(_)
            | Tell::BlockUsers(_)
            | Tell::UnblockUsers(_)
            | Tell::SendMessage(_)
            | Tell::GetHistory(_)
            | Tell::GetConversationList(_)
            | Tell::MarkRead(_)
            | Tell::PinConversation(_)
            | Tell::DeleteConversation(_)
            | Tell::Heartbeat(_) => self.answered(message.id, body, turn),
            Tell::ListsChanged(told) => self.lists_changed(told, turn),
            Tell::AppChanged(told) => self.abilities_told(told.abilities, turn),
        }
    }

    fn answered(&mut self, id: u64, body: Tell, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        match &mut session.phase {
            Phase::LoggingIn { id: asked, resume, named, early, .. } if *asked == id => {
                let (resume, early, named) = (*resume, mem::take(early), mem::take(named));
                self.login_answered(resume, early, named, body, turn);
            }
            Phase::Live(link) => match link.take(id) {
                Some(InFlight::Call(call)) => self.call_answered(call, body, turn),
                Some(InFlight::Restore) => self.restore_answered(body, turn),
                Some(InFlight::ListCheck) => self.list_check_answered(body, turn),
                Some(InFlight::Heartbeat) => {
                    if let Tell::Heartbeat(told) = body
                        && let told @ Spread::Told(_) = Spread::from_wire(told.reconnect_spread_ms)
                    {
                        session.spread = told;
                    }
                }
                None => {}
            },
            Phase::LoggingIn { .. } | Phase::Connecting { .. } | Phase::Waiting { .. } => {}
        }
    }

    // Logins

    fn login_answered(
        &mut self,
        resume: bool,
        early: Vec<UserStatus>,
        named: BTreeSet<UserId>,
        body: Tell,
        turn: &mut Turn,
    ) {
        if let Tell::Refusal(refusal) = body {
            return self.login_refused(refused(refusal), turn);
        }
        let Tell::Login(told) = body else { return self.misunderstood(turn) };
        let platform = self.identity.platform;
        let Some(session) = &mut self.session else { return };
        session.phase = Phase::Live(Link::new(heartbeat_timeout(&told), platform, turn.now));
        session.list_check.logged_in(!session.established);
        session.established = true;
        session.accepted_sig.clone_from(&session.user_sig);
        session.spread = Spread::from_wire(told.reconnect_spread_ms);
        session.snapshot = Some(Snapshot::after(named));
        turn.emit(Event::Connected { resumed: resume });
        for (call, _) in session.logins.drain(..) {
            turn.answer(call, Ok(Answer::LoggedIn(request::logged_in(&told))));
        }
        let complete = told.snapshot_complete;
        self.told_at_login(early, told, turn);
        if complete {
            self.snapshot_complete(turn);
        }
    }

    /// Processes the refusal of a login during an attempt to connect.
    fn login_refused(&mut self, refused: Refused, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        if let Some(retry) = retry_after_refusal(&refused) {
            return self.link_ended(LinkEnd::Refused(refused), retry, turn);
        }
        let user_sig = session.user_sig.clone();
        if !refused.is(Code::KICKED_BY_OTHER_LOGIN) && session.drop_user_sig(&user_sig) {
            // Only the newer UserSig is refused: the session goes on with the one before it.
            session.queue.retain(|call| {
                let is_its =
                    matches!(&call.request, Request::Login { user_sig: its, .. } if *its == user_sig);
                if let (true, Some(id)) = (is_its, call.id) {
                    turn.answer(id, Err(refused.clone().into()));
                }
                !is_its
            });
            return self.link_ended(LinkEnd::Refused(refused), Retry::BackOff, turn);
        }
        for (call, _) in session.logins.drain(..) {
            turn.answer(call, Err(refused.clone().into()));
        }
        let event = if !session.established {
            Event::ConnectFailed { why: LinkEnd::Refused(refused), retry_in: None }
        } else if refused.is(Code::KICKED_BY_OTHER_LOGIN) {
            Event::KickedOffline { by: KickedBy::OtherLogin { platform: None } }
        } else if refused.is(Code::SIG_EXPIRED) || refused.is(Code::LOGIN_SIG_EXPIRED) {
            Event::UserSigExpired
        } else if refused.is(Code::SIG_REVOKED) {
            Event::KickedOffline { by: KickedBy::Operator }
        } else {
            Event::LoginRefused(refused)
        };
        self.end(event, turn);
    }

    /// Processes the answer to a login, with the statuses that came before it. An earlier process of this device may
    /// have subscribed to users. These users are placed before the users of this session in the subscription list.
    fn told_at_login(&mut self, mut statuses: Vec<UserStatus>, told: v1::LoginResponse, turn: &mut Turn) {
        self.abilities_told(told.abilities, turn);
        let Some(session) = &mut self.session else { return };
        if told.subscriptions_lost {
            session.restore.begin(&session.subscriptions);
        }
        // A user to whom the client will subscribe again is not reported as unwatched in between.
        let left: Vec<UserId> = read::users(&told.not_watched)
            .into_iter()
            .filter(|user| !session.restore.not_watched(user))
            .collect();
        let unsubscribed = session.left_the_list(&left);
        let known: BTreeSet<&UserId> = session.subscriptions.iter().collect();
        let mut earlier = read::users(&told.subscriptions);
        earlier.retain(|user| !known.contains(user));
        session.subscriptions.splice(..0, earlier);
        statuses.extend(read::statuses(told.statuses));
        let lists_missed = session.lists_version.logged_in(told.lists_version);
        self.told(statuses, turn);
        self.not_watched(&left, turn);
        turn.emit_unsubscribed(unsubscribed);
        if lists_missed {
            turn.emit(Event::ListsOutdated);
        }
    }

    // Calls

    fn call_answered(&mut self, call: Call, body: Tell, turn: &mut Turn) {
        if let Tell::Refusal(refusal) = body {
            let refused = refused(refusal);
            let error =
                if refused.is(Code::NOT_LOGGED_IN) { Error::NotLoggedIn } else { Error::Refused(refused) };
            if let Some(id) = call.id {
                turn.answer(id, Err(error.clone()));
            }
            if let (Request::Login { user_sig, .. }, Some(session)) = (&call.request, &mut self.session) {
                session.drop_user_sig(user_sig);
            }
            if call.request == Request::Logout {
                self.logout_refused(&error, turn);
            }
            return;
        }
        let renewed = if let Tell::Login(told) = &body { Some(told.clone()) } else { None };
        let Some(answer) = request::answer(&call.request, body) else {
            if let Some(id) = call.id {
                turn.answer(id, Err(Error::Disconnected));
            }
            return self.misunderstood(turn);
        };
        match &answer {
            Answer::LoggedIn(_) => self.renewed(&call.request, renewed, turn),
            Answer::LoggedOut => {}
            Answer::SelfStatus(status) => self.told(vec![status.clone()], turn),
            Answer::Statuses(told) => {
                // The statuses of an answer to a query are not a part of the snapshot, because a query may be about
                // users who are not watched.
                let watched = self.cache.watched(told.statuses.iter().cloned());
                let changed = self.cache.fold(watched);
                if !changed.is_empty() {
                    turn.emit(Event::StatusChanged(changed));
                }
            }
            Answer::Subscribed(told) => {
                self.told(told.statuses.clone(), turn);
                let failed: Vec<&str> =
                    told.failures.iter().map(|failure| failure.user_id.as_str()).collect();
                let asked = match &call.request {
                    Request::Subscribe(users) => read::users(users),
                    Request::Login { .. }
                    | Request::Logout
                    | Request::SetSelfStatus { .. }
                    | Request::GetUserStatus(_)
                    | Request::Unsubscribe(_)
                    | Request::GetSubscriptions
                    | Request::Lists(_) => Vec::new(),
                };
                let added = asked.into_iter().filter(|user| !failed.contains(&user.as_str())).collect();
                self.list_changed(added, &told.evicted);
                self.not_watched(&told.not_watched, turn);
            }
            Answer::Unsubscribed(told) => {
                self.unsubscribed_by(&call.request);
                self.not_watched(&told.not_watched, turn);
            }
            Answer::Subscriptions(told) => {
                if let Some(session) = &mut self.session
                    && session.restore.is_idle()
                {
                    session.subscriptions.clone_from(&told.users);
                    let former = session.list_check.read();
                    self.no_friends(former, turn);
                }
            }
            Answer::Lists(told) => {
                if let Some(session) = &mut self.session {
                    session.list_check.forget(&lists::new_friend(told));
                }
                if let Request::Lists(ask) = &call.request {
                    self.no_friends(lists::deleted_friends(ask, told), turn);
                }
            }
        }
        if let (Answer::Lists(told), Some(session)) = (&answer, &mut self.session)
            && let Some(version) = lists::version_of(told)
        {
            session.lists_version.told(version);
        }
        let logged_out = answer == Answer::LoggedOut;
        match (call.id, answer) {
            (Some(id), answer) => turn.answer(id, Ok(answer)),
            (None, Answer::Lists(told)) => late(*told, turn),
            // The caller no longer waits, and the changes were already reported as events.
            (None, _) => {}
        }
        if logged_out {
            self.end(Event::LoggedOut, turn);
        }
    }

    /// Processes the answer to a login on the live link.
    fn renewed(&mut self, asked: &Request, told: Option<v1::LoginResponse>, turn: &mut Turn) {
        let platform = self.identity.platform;
        let (Some(session), Some(told)) = (&mut self.session, told) else { return };
        if let Request::Login { user_sig, .. } = asked {
            session.accepted_sig.clone_from(user_sig);
        }
        if let Phase::Live(link) = &mut session.phase {
            link.set_heartbeat(heartbeat_timeout(&told), platform);
            session.spread = Spread::from_wire(told.reconnect_spread_ms);
        }
        self.told_at_login(Vec::new(), told, turn);
    }

    /// Updates the client's copy of the subscription list after an unsubscribe call: removes the users of the call.
    fn unsubscribed_by(&mut self, asked: &Request) {
        match asked {
            Request::Unsubscribe(users) if users.is_empty() => {
                if let Some(session) = &mut self.session {
                    session.subscriptions.clear();
                }
            }
            Request::Unsubscribe(users) => self.list_changed(Vec::new(), &read::users(users)),
            Request::Login { .. }
            | Request::Logout
            | Request::SetSelfStatus { .. }
            | Request::GetUserStatus(_)
            | Request::Subscribe(_)
            | Request::GetSubscriptions
            | Request::Lists(_) => {}
        }
    }

    fn restore_answered(&mut self, body: Tell, turn: &mut Turn) {
        if let Tell::Refusal(refusal) = body {
            return self.restore_refused(&refused(refusal), turn);
        }
        let Tell::SubscribeUserStatus(told) = body else { return self.misunderstood(turn) };
        let Some(session) = &mut self.session else { return };
        let told = request::subscribed(told);
        let failed: BTreeSet<&str> = told.failures.iter().map(|failure| failure.user_id.as_str()).collect();
        let Restored { kept, lost } = session.restore.answered(&failed);
        self.told(told.statuses, turn);
        self.list_changed(kept, &[lost.users, told.evicted].concat());
        self.not_watched(&[lost.not_watched, told.not_watched].concat(), turn);
    }

    fn restore_refused(&mut self, refused: &Refused, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        if refused.is(Code::BATCH_TOO_LARGE) && session.restore.batch_too_large() {
            return;
        }
        if may_pass(refused, session.abilities) {
            return session.restore.refused_for_now(turn.now);
        }
        // The app does not allow subscriptions, so the subscription list no longer makes the client watch these users.
        tracing::debug!(code = refused.code, "the subscription list cannot be restored");
        let lost = session.restore.give_up();
        self.list_changed(Vec::new(), &lost.users);
        self.not_watched(&lost.not_watched, turn);
    }

    /// Processes the subscription list. It was read because another device may have changed it. A former friend who is
    /// not on the list is no longer watched.
    fn list_check_answered(&mut self, body: Tell, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        if let Tell::Refusal(refusal) = body {
            if may_pass(&refused(refusal), session.abilities) {
                return session.list_check.refused_until(turn.now + AFTER_REFUSAL);
            }
            let mut former = session.list_check.give_up();
            former.retain(|user| !session.subscriptions.contains(user));
            return self.not_watched(&former, turn);
        }
        let Tell::GetSubscriptions(told) = body else { return self.misunderstood(turn) };
        let listed = read::users(&told.user_ids);
        let before = mem::replace(&mut session.subscriptions, listed.clone());
        let former = session.list_check.read();
        let missing_in = |users: &[UserId], others: &[UserId]| -> Vec<UserId> {
            let others: BTreeSet<&UserId> = others.iter().collect();
            users.iter().filter(|user| !others.contains(user)).cloned().collect()
        };
        let (subscribed, unsubscribed) = (missing_in(&listed, &before), missing_in(&before, &listed));
        if !subscribed.is_empty() || !unsubscribed.is_empty() {
            turn.emit(Event::SubscriptionsChanged { subscribed, unsubscribed });
        }
        self.no_friends(former, turn);
    }

    // Notifications

    /// Processes statuses of watched users.
    fn told(&mut self, statuses: Vec<UserStatus>, turn: &mut Turn) {
        let changed = self.fold(statuses);
        if !changed.is_empty() {
            turn.emit(Event::StatusChanged(changed));
        }
    }

    /// Stores the abilities of this client, and emits an event if they have changed.
    fn abilities_told(&mut self, told: Option<v1::Abilities>, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        let Some(told) = told.map(Abilities::from) else { return };
        let before = session.abilities.replace(told);
        if before.is_some_and(|before| before != told) {
            turn.emit(Event::AbilitiesChanged(told));
        }
    }

    /// Removes from the cache the users who are no longer watched, and emits an event.
    pub(super) fn not_watched(&mut self, users: &[UserId], turn: &mut Turn) {
        // The user of the session is always watched, so it stays in the cache.
        let own = self.session.as_ref().map(|session| &session.user);
        let left = self.cache.remove(users.iter().filter(|user| Some(*user) != own));
        if !left.is_empty() {
            turn.emit(Event::NotWatched(left));
        }
    }

    fn subscriptions_changed(&mut self, told: &v1::SubscriptionsChanged, turn: &mut Turn) {
        let subscribed = read::users(&told.subscribed);
        let unsubscribed = read::users(&told.unsubscribed);
        turn.emit(Event::SubscriptionsChanged {
            subscribed: subscribed.clone(),
            unsubscribed: unsubscribed.clone(),
        });
        let mut not_watched = read::users(&told.not_watched);
        if let Some(session) = &mut self.session {
            not_watched.extend(session.restore.forget(&unsubscribed.iter().cloned().collect()).not_watched);
        }
        self.list_changed(subscribed, &unsubscribed);
        self.not_watched(&not_watched, turn);
    }

    /// Emits events about changes of the user's lists, in an order that an application can process.
    fn lists_changed(&mut self, told: v1::ListsChanged, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        session.lists_version.told(told.lists_version);
        if told.reload {
            return turn.emit(Event::ListsOutdated);
        }
        let news = lists::news(told);
        let one_sided = news.friends.iter().filter(|friend| !friend.mutual).map(|friend| &friend.user_id);
        let former = one_sided.chain(&news.deleted_friends).cloned().collect();
        let mutual = news.friends.iter().filter(|friend| friend.mutual);
        session.list_check.forget(mutual.map(|friend| &friend.user_id));
        if !news.messages.is_empty() {
            turn.emit(Event::MessagesReceived(news.messages));
        }
        if !news.conversations.is_empty() || !news.deleted_conversations.is_empty() {
            let (changed, deleted) = (news.conversations, news.deleted_conversations);
            turn.emit(Event::ConversationsChanged { changed, deleted, total_unread: news.total_unread });
        }
        if !news.friends.is_empty() || !news.deleted_friends.is_empty() {
            let (changed, deleted) = (news.friends, news.deleted_friends);
            turn.emit(Event::FriendListChanged { changed, deleted });
        }
        if !news.blocked.is_empty() || !news.unblocked.is_empty() {
            turn.emit(Event::BlockListChanged { blocked: news.blocked, unblocked: news.unblocked });
        }
        if let Some(visibility) = news.visibility {
            turn.emit(Event::VisibilityChanged(visibility));
        }
        if let Some(profile) = news.profile {
            turn.emit(Event::SelfInfoChanged(profile));
        }
        if !news.friends_profiles.is_empty() {
            turn.emit(Event::UsersInfoChanged(news.friends_profiles));
        }
        self.no_friends(former, turn);
    }

    /// Stops watching the users in `former`, unless the account is subscribed to them. They are no longer mutual
    /// friends. The server does not report that they are no longer watched.
    fn no_friends(&mut self, mut former: Vec<UserId>, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        if !session.list_check.is_known() {
            former.retain(|user| *user != session.user && self.cache.get(user).is_some());
            return session.list_check.add(former);
        }
        former.retain(|user| !session.subscriptions.contains(user));
        self.not_watched(&former, turn);
    }

    /// Updates the client's copy of the subscription list. The users `added` become its newest entries, and the users
    /// `removed` are removed.
    fn list_changed(&mut self, added: Vec<UserId>, removed: &[UserId]) {
        let Some(session) = &mut self.session else { return };
        let moved: BTreeSet<&UserId> = added.iter().chain(removed).collect();
        session.subscriptions.retain(|user| !moved.contains(user));
        let removed: BTreeSet<&UserId> = removed.iter().collect();
        let mut seen = BTreeSet::new();
        session.list_check.forget(&added);
        for user in &added {
            if !removed.contains(user) && seen.insert(user) {
                session.subscriptions.push(user.clone());
            }
        }
    }

    /// Processes the final message of the server on this link.
    fn connection_ended(&mut self, told: &v1::ConnectionEnded, turn: &mut Turn) {
        let Some(Session { established, logins, phase, login_limit, .. }) = &mut self.session else { return };
        let why = LinkEnd::EndedByServer(told.message.clone());
        let retry_after = Duration::from_millis(told.retry_after_ms.into()).min(LONGEST_RETRY_AFTER);
        let over = match told.cause() {
            Cause::KickedByOtherLogin => Event::KickedOffline {
                by: KickedBy::OtherLogin { platform: Platform::from_number(told.by_platform) },
            },
            Cause::KickedByOperator => Event::KickedOffline { by: KickedBy::Operator },
            Cause::UserSigExpired => Event::UserSigExpired,
            Cause::AccountDeleted => Event::AccountDeleted,
            Cause::Superseded => Event::Superseded,
            Cause::Reconnect => return self.link_ended(LinkEnd::Moved, Retry::After(retry_after), turn),
            Cause::TooManyConnections => {
                return self.link_ended(LinkEnd::TooManyConnections, Retry::NotBefore(retry_after), turn);
            }
            Cause::Timeout => {
                return self.link_ended(LinkEnd::Silent, Retry::NotBefore(retry_after), turn);
            }
            Cause::LoggedOut => Event::LoggedOut,
            Cause::LoginTimeout => {
                return self.link_ended(LinkEnd::LoginTimeout, Retry::NotBefore(retry_after), turn);
            }
            Cause::ProtocolError | Cause::Unspecified => {
                if let (Cause::ProtocolError, Phase::LoggingIn { bytes, .. }) = (told.cause(), &*phase) {
                    // The login may have been larger than this server accepts, so the next one contains fewer versions.
                    // The server sends the statuses of the users whose versions are left out.
                    *login_limit = bytes / 2;
                }
                return self.link_ended(why, Retry::NotBefore(retry_after), turn);
            }
        };
        let error = if matches!(over, Event::UserSigExpired) {
            Refused::of(Code::SIG_EXPIRED).into()
        } else {
            why.clone().into_login_error()
        };
        for (call, _) in logins.drain(..) {
            turn.answer(call, Err(error.clone()));
        }
        let over = if *established { over } else { Event::ConnectFailed { why, retry_in: None } };
        self.end(over, turn);
    }

    fn misunderstood(&mut self, turn: &mut Turn) {
        let why = LinkEnd::Protocol("the kind of an answer does not match its request");
        self.link_ended(why, Retry::BackOff, turn);
    }
}

/// Emits events for an answer that came after the caller's timeout, so that the application still learns of the change.
fn late(told: Tell, turn: &mut Turn) {
    let is_change = lists::version_of(&told).is_some();
    if let Tell::SendMessage(v1::SendMessageResponse { message: Some(message), .. }) = told {
        turn.emit(Event::MessagesReceived(lists::message(message).into_iter().collect()));
    } else if is_change {
        turn.emit(Event::ListsOutdated);
    }
}

/// Returns the wait after which a refused call may be tried again; `None` if the refusal is permanent.
fn retry_after_refusal(refused: &Refused) -> Option<Retry> {
    match refused.known_code()? {
        Code::TOO_MANY_FAILURES => Some(Retry::NotBefore(AFTER_TOO_MANY_FAILURES)),
        Code::CALLED_TOO_OFTEN
        | Code::INTERNAL
        | Code::APP_RATE
        | Code::TOO_FREQUENT
        | Code::REQUESTS_TOO_FREQUENT => Some(Retry::BackOff),
        _ => None,
    }
}

/// Returns `true` if a refused call can succeed later. The SDK itself has made the call, about the subscription list. A
/// refusal because of the app's edition or status switch can pass only if the server sends abilities: such a server
/// reports when the app allows subscriptions again.
fn may_pass(refused: &Refused, abilities: Option<Abilities>) -> bool {
    let is_gate = refused.is(Code::EDITION_NOT_SUPPORTED) || refused.is(Code::STATUS_SWITCHED_OFF);
    retry_after_refusal(refused).is_some() || (is_gate && abilities.is_some())
}

fn refused(refusal: v1::Refusal) -> Refused {
    Refused { code: refusal.code, message: refusal.message }
}

fn heartbeat_timeout(told: &v1::LoginResponse) -> Duration {
    Duration::from_millis(told.heartbeat_timeout_ms.into())
}
