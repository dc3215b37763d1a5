//! Routes for the users of an app: search, status with its evidence, watchers, kick.

use super::Console;
use super::error::{ApiError, FromPath, FromQuery};
use super::guard::Visitor;
use crate::audit::{Act, done};
use crate::worker::Command;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use lamplight_core::LinkEnd;
use lamplight_directory::InvalidRecordCursor;
use lamplight_model::{
    AppId, AuditAction, Platform, Reason, StatusType, Timestamp, User, UserId, UserStatus, Visibility,
};
use lamplight_service::{
    By, FindBy, FoundCursor, InspectedDevice, LinkState, MAX_ONLINE_PAGE, Viewing, WatchedFor,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The number of users in an answer if the request sets no limit.
const PAGE: usize = 50;
/// The maximum number of users in one answer.
const MOST_IN_A_PAGE: usize = 200;
/// The maximum number of watchers that an answer names.
const MOST_WATCHERS: usize = 100;
/// The maximum number of subscriptions that an answer names. If a user has more, the answer names the newest.
const MOST_SUBSCRIPTIONS: usize = 500;
/// The timeout for the answer of a worker. A later answer is ignored.
const WORKER_PATIENCE: Duration = Duration::from_secs(2);

/// The query of a search for users.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    #[serde(default)]
    by: SearchBy,
    /// The beginning of the `userID` or the nick, depending on `by`.
    #[serde(default)]
    prefix: String,
    /// The `userID` of the last user of the previous page; absent for the first page.
    #[serde(default)]
    after: Option<UserId>,
    /// The nick of the last user of the previous page, for a search by nick.
    #[serde(default)]
    after_nick: String,
    #[serde(default)]
    limit: Option<usize>,
}

/// The field that is searched.
#[derive(Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum SearchBy {
    /// The `userID`.
    #[default]
    Id,
    /// The nick.
    Nick,
}

/// A page of the users that were found, in ascending order of their ids or nicks.
#[derive(Serialize)]
pub struct Found {
    users: Vec<FoundUser>,
    /// Whether more users follow.
    more: bool,
}

#[derive(Serialize)]
struct FoundUser {
    user_id: UserId,
    nick: String,
    created: Timestamp,
    status_type: &'static str,
    custom_status: String,
    online_devices: Vec<&'static str>,
    last_seen: Option<Timestamp>,
}

/// The query for users who are online.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhichOnline {
    /// The platform on which the users must be connected; any platform if absent.
    #[serde(default)]
    on: Option<String>,
    /// The `next` of the previous page; absent for the first page.
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

/// A page of the users who are online, in the order of the directory.
#[derive(Serialize)]
pub struct ShownOnline {
    users: Vec<ShownOnlineUser>,
    /// The value of `after` for the next page; `None` on the last page.
    next: Option<String>,
}

#[derive(Serialize)]
struct ShownOnlineUser {
    user_id: UserId,
    nick: String,
    custom_status: String,
    /// The time at which the server clears the custom status; `None` if no such time is set.
    custom_expires: Option<Timestamp>,
    since: Timestamp,
    reason: Reason,
    devices: Vec<ShownDevice>,
}

/// A user, with everything that the console shows about the user.
#[derive(Serialize)]
pub struct ShownUser {
    user_id: UserId,
    nick: String,
    avatar_url: String,
    created: Timestamp,
    sigs_revoked: Option<Timestamp>,
    status: ShownStatus,
    devices: Vec<ShownDevice>,
    subscriptions: ShownSubscriptions,
    friends: usize,
    /// The visibility of the status: everyone, friends or nobody. Users on the block list may not see the status.
    visibility: Visibility,
    /// The users on the block list, in ascending order of their ids.
    blocked: Vec<ShownBlocked>,
    /// The time at which the node read these data, by the server's clock.
    at: Timestamp,
}

#[derive(Serialize)]
struct ShownBlocked {
    user: UserId,
    since: Timestamp,
}

#[derive(Serialize)]
struct ShownStatus {
    status_type: &'static str,
    number: i32,
    custom_status: String,
    /// The time at which the server clears the custom status; `None` if no such time is set.
    custom_expires: Option<Timestamp>,
    /// The version of the status, as text. JSON numbers are exact only up to 53 bits.
    version: String,
    since: Timestamp,
    reason: Reason,
    last_seen: Option<Timestamp>,
    online_devices: Vec<&'static str>,
}

#[derive(Serialize)]
struct ShownDevice {
    device_id: String,
    platform: &'static str,
    link: ShownLink,
}

#[derive(Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum ShownLink {
    Connected,
    Held { until: Timestamp, end: &'static str },
    Gone { lapses: Timestamp },
}

#[derive(Serialize)]
struct ShownSubscriptions {
    count: usize,
    /// The newest subscriptions, newest first.
    users: Vec<UserId>,
}

/// The current watchers of a user.
#[derive(Serialize)]
pub struct ShownWatchers {
    /// The number of connections of other users that watch the user.
    connections: usize,
    /// The owners of the connections that watch the user; at most 100, in ascending order of their ids.
    users: Vec<ShownWatcher>,
    /// `true` if `users` contains all owners of the connections that watch the user.
    complete: bool,
}

#[derive(Serialize)]
struct ShownWatcher {
    user_id: UserId,
    subscribed: bool,
    friend: bool,
}

/// `GET apps/{app}/users?by=&prefix=&after=&after_nick=&limit=`: finds users by the beginning of their ids or nicks.
pub async fn find(
    State(console): State<Arc<Console>>,
    FromPath(app): FromPath<AppId>,
    FromQuery(search): FromQuery<Search>,
) -> Result<Json<Found>, ApiError> {
    let limit = search.limit.unwrap_or(PAGE);
    if !(1..=MOST_IN_A_PAGE).contains(&limit) {
        return Err(ApiError::invalid(format!("limit must be from 1 to {MOST_IN_A_PAGE}, not {limit}")));
    }
    let by = match search.by {
        SearchBy::Id => FindBy::UserId,
        SearchBy::Nick => FindBy::Nick,
    };
    let after = search.after.map(|id| FoundCursor { id, nick: search.after_nick });
    // Reads one more user than the page has, to find out whether more follow.
    let mut accounts = console.service.find_accounts(app, by, &search.prefix, after, limit + 1).await?;
    let more = accounts.len() > limit;
    accounts.truncate(limit);
    let now = console.clock.now();
    let names: Vec<UserId> = accounts.iter().map(|account| account.id.clone()).collect();
    let statuses = match names.first() {
        Some(any) => {
            let viewer = User::new(app, any.clone());
            console.service.statuses(&viewer, &names, Viewing::Asked, now).await?
        }
        None => Vec::new(),
    };
    let users = accounts.into_iter().zip(statuses).filter_map(|(account, status)| {
        // The user may have been deleted after the search.
        let status = status?;
        Some(FoundUser {
            user_id: account.id,
            nick: account.nick,
            created: account.created,
            status_type: status.status_type.name(),
            custom_status: status.custom_status.as_str().to_owned(),
            online_devices: platforms(&status),
            last_seen: status.last_seen,
        })
    });
    Ok(Json(Found { users: users.collect(), more }))
}

/// `GET apps/{app}/online?on=&after=&limit=`: lists the users who are online.
pub async fn online(
    State(console): State<Arc<Console>>,
    FromPath(app): FromPath<AppId>,
    FromQuery(which): FromQuery<WhichOnline>,
) -> Result<Json<ShownOnline>, ApiError> {
    let limit = which.limit.unwrap_or(MAX_ONLINE_PAGE);
    if !(1..=MAX_ONLINE_PAGE).contains(&limit) {
        return Err(ApiError::invalid(format!("limit must be from 1 to {MAX_ONLINE_PAGE}, not {limit}")));
    }
    let on = match which.on.as_deref() {
        None | Some("") => None,
        Some(name) => Some(name.parse::<Platform>().map_err(|error| ApiError::invalid(error.to_string()))?),
    };
    let after = which.after.map(|after| after.parse()).transpose();
    let after = after.map_err(|error: InvalidRecordCursor| ApiError::invalid(error.to_string()))?;
    let page = console.service.online(app, on, after.as_ref(), limit, console.clock.now()).await?;
    let users = page.users.into_iter().map(|user| ShownOnlineUser {
        user_id: user.status.user_id,
        nick: user.nick,
        custom_status: user.status.custom_status.as_str().to_owned(),
        custom_expires: user.status.custom_expires,
        since: user.status.since,
        reason: user.status.reason,
        devices: user.devices.iter().map(shown_device).collect(),
    });
    Ok(Json(ShownOnline { users: users.collect(), next: page.next.map(|next| next.to_string()) }))
}

/// `GET apps/{app}/users/{user}`: shows a user.
pub async fn show(
    State(console): State<Arc<Console>>,
    FromPath((app, id)): FromPath<(AppId, UserId)>,
) -> Result<Json<ShownUser>, ApiError> {
    let now = console.clock.now();
    let user = User::new(app, id);
    let seen = console.service.inspect(&user, now).await?;
    let restrictions = console.service.block_list(&user, By::App, now).await?.value;
    let blocked = restrictions.blocked.into_iter();
    let count = seen.subscriptions.len();
    Ok(Json(ShownUser {
        user_id: seen.status.user_id.clone(),
        nick: seen.profile.nick.to_string(),
        avatar_url: seen.profile.avatar_url.to_string(),
        created: seen.account.created,
        sigs_revoked: seen.account.revocation.map(|it| it.revoked.at),
        status: shown_status(&seen.status),
        devices: seen.devices.iter().map(shown_device).collect(),
        subscriptions: ShownSubscriptions {
            count,
            users: seen.subscriptions.into_iter().rev().take(MOST_SUBSCRIPTIONS).collect(),
        },
        friends: seen.friends,
        visibility: restrictions.visibility,
        blocked: blocked.map(|entry| ShownBlocked { user: entry.id, since: entry.since }).collect(),
        at: now.wall,
    }))
}

/// `GET apps/{app}/users/{user}/watchers`: asks every worker for the user's watchers. Each worker examines a bounded
/// number of connections.
pub async fn watchers(
    State(console): State<Arc<Console>>,
    FromPath((app, id)): FromPath<(AppId, UserId)>,
) -> Result<Json<ShownWatchers>, ApiError> {
    console.app(app)?;
    let user = User::new(app, id);
    let mut connections = 0;
    let mut users: BTreeMap<UserId, WatchedFor> = BTreeMap::new();
    let mut waiting = Vec::new();
    for worker in &console.workers {
        // A worker that has ended has no connections.
        let Some(worker) = worker.upgrade() else { continue };
        let (answer, answered) = oneshot::channel();
        // Asks for one more user than the answer may have, to find out whether the answer is complete.
        let command = Command::Watchers(user.clone(), MOST_WATCHERS + 1, answer);
        if worker.send_timeout(command, WORKER_PATIENCE).await.is_ok() {
            waiting.push(answered);
        }
    }
    for answered in waiting {
        let Ok(Ok(heard)) = tokio::time::timeout(WORKER_PATIENCE, answered).await else { continue };
        connections += heard.connections;
        for (id, why) in heard.users {
            let known = users.entry(id).or_default();
            known.subscribed |= why.subscribed;
            known.friend |= why.friend;
        }
    }
    let complete = users.len() <= MOST_WATCHERS;
    let users = users.into_iter().take(MOST_WATCHERS);
    let users = users.map(|(user_id, WatchedFor { subscribed, friend })| ShownWatcher {
        user_id,
        subscribed,
        friend,
    });
    Ok(Json(ShownWatchers { connections, users: users.collect(), complete }))
}

/// `POST apps/{app}/users/{user}/kick`: ends every login of the user, and revokes the user's UserSigs.
pub async fn kick(
    State(console): State<Arc<Console>>,
    Extension(visitor): Extension<Visitor>,
    FromPath((app, id)): FromPath<(AppId, UserId)>,
) -> Result<StatusCode, ApiError> {
    let act = Act::on(AuditAction::UserKicked, Some(app), id.as_str());
    let kicking = Arc::clone(&console);
    let kick = async move {
        let revoking = kicking.service.kick(&User::new(app, id), kicking.clock.now()).await?;
        kicking.clock.wait_until_answer(&revoking).await;
        tracing::info!(app = app.0, "a user was kicked by an operator");
        Ok(StatusCode::NO_CONTENT)
    };
    console.record(visitor, act, kick, done).await
}

fn shown_status(status: &UserStatus) -> ShownStatus {
    let status_type: StatusType = status.status_type;
    ShownStatus {
        status_type: status_type.name(),
        number: status_type as i32,
        custom_status: status.custom_status.as_str().to_owned(),
        custom_expires: status.custom_expires,
        version: status.version.to_string(),
        since: status.since,
        reason: status.reason,
        last_seen: status.last_seen,
        online_devices: platforms(status),
    }
}

fn shown_device(device: &InspectedDevice) -> ShownDevice {
    ShownDevice {
        device_id: device.id.to_string(),
        platform: device.platform.name(),
        link: match device.link {
            LinkState::Connected => ShownLink::Connected,
            LinkState::Held { until, end } => ShownLink::Held {
                until,
                end: match end {
                    LinkEnd::Closed => "link_closed",
                    LinkEnd::TimedOut => "timeout",
                    LinkEnd::NodeLost => "node_lost",
                },
            },
            LinkState::Gone { lapses } => ShownLink::Gone { lapses },
        },
    }
}

fn platforms(status: &UserStatus) -> Vec<&'static str> {
    status.online_devices.iter().map(Platform::name).collect()
}
