//! Logins. The answer to a login waits until the statuses in it are known.

use super::{Twin, WORKERS, user_of};
use crate::twin::Link;
use crate::{DEVICES, Failed, Who};
use lamplight_auth::{Claims, sign};
use lamplight_core::Told;
use lamplight_model::{Code, ConnectionId, User, UserId, Version};
use lamplight_service::{Effect, LoginCall, Member, ServiceError};
use lamplight_wire::v1;
use lamplight_wire::v1::server_message::Body;
use std::net::{IpAddr, Ipv4Addr};

/// A login that is not answered yet.
pub(super) struct Waiting {
    connection: u64,
    resume: bool,
    /// The statuses that the client has.
    known: Vec<(User, Version)>,
    subscriptions_lost: bool,
    registered: bool,
}

impl Twin {
    /// Logs a device in as a worker of the server does. Returns the code of a refusal.
    pub async fn login(
        &mut self,
        who: Who,
        device: usize,
        worker: usize,
        resume: bool,
        number: u64,
    ) -> Result<Result<(), Code>, Failed> {
        let (user, now, id) = (user_of(who), self.now, ConnectionId::alone(number));
        let claims = Claims {
            user_id: user.id.clone(),
            app: user.app,
            issued: now.wall.as_secs(),
            expire: 86_400,
            userbuf: None,
        };
        let call = LoginCall {
            app: user.app,
            user_id: user.id.as_str(),
            user_sig: &sign(&self.app.keys[0], &claims),
            device_id: DEVICES[device].0,
            platform: DEVICES[device].1,
            resume,
            connection: id,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let done = match self.process()?.service.login(&call, now).await {
            Ok(done) => done,
            Err(error) if self.has_losses => return Ok(Err(error.refusal().code)),
            Err(ServiceError::Refused(refusal)) => return Ok(Err(refusal.code)),
            Err(error) => return Err(error.into()),
        };
        let known: Vec<(User, Version)> = match self.known.remove(&(who, device)) {
            Some(known) if resume => {
                let of = |id: &str| User::new(user.app, UserId::new(id).expect("a name is an id"));
                known.iter().map(|(id, version)| (of(id), Version(*version))).collect()
            }
            Some(_) | None => Vec::new(),
        };
        let (mut effects, expected) = (Vec::new(), known.len());
        let member = Member::new(user.clone(), id).entered_at(done.rev);
        let process = self.process.as_mut().ok_or("the process is down")?;
        let watcher = process.seats[worker].audience.join(member, expected, &mut effects);
        // What is sent during a login comes with the answer.
        let (login, issued, recorded_in) = (done.login, done.issued, Some(done.recorded_in));
        let link = Link { who, device, worker, watcher, login, issued, recorded_in, stalled: true };
        self.links.insert(number, link);
        let unread: Vec<User> = effects
            .into_iter()
            .filter_map(|effect| if let Effect::Read(user) = effect { Some(user) } else { None })
            .collect();
        if !self.settle(worker, watcher).await? {
            return Err("a connection is no longer the current one right after its login".into());
        }
        self.read(worker, &unread).await?;
        let (subscriptions_lost, registered) = (done.subscriptions_lost, done.registered);
        self.waiting.push(Waiting { connection: number, resume, known, subscriptions_lost, registered });
        self.pump().await?;
        Ok(Ok(()))
    }

    /// Whether the login of a connection is not answered yet.
    pub(super) fn is_waiting(&self, connection: u64) -> bool {
        self.waiting.iter().any(|waiting| waiting.connection == connection)
    }

    /// Answers the logins for which all statuses were read.
    pub(super) async fn answer_logins(&mut self) -> Result<(), Failed> {
        let unread: Vec<Vec<UserId>> = (0..WORKERS)
            .map(|worker| self.unread[worker].iter().map(|user| user.id.clone()).collect())
            .collect();
        for waiting in std::mem::take(&mut self.waiting) {
            let Some(link) = self.links.get(&waiting.connection) else { continue };
            let (worker, watcher) = (link.worker, link.watcher);
            let audience = &self.process()?.seats[worker].audience;
            if audience.not_watched(watcher, &unread[worker]).len() < unread[worker].len() {
                self.waiting.push(waiting);
            } else {
                self.answer_login(waiting).await?;
            }
        }
        Ok(())
    }

    async fn answer_login(&mut self, waiting: Waiting) -> Result<(), Failed> {
        let Waiting { connection, resume, known, subscriptions_lost, registered } = waiting;
        let link = self.links.get(&connection).ok_or("the connection has ended")?;
        let (who, device, worker, watcher) = (link.who, link.device, link.worker, link.watcher);
        let lists_version = self.lists_version(&user_of(who)).await?;
        let process = self.process.as_mut().ok_or("the process is down")?;
        let audience = &mut process.seats[worker].audience;
        let watched = audience.known_all(watcher, &known);
        let others = known.iter().zip(watched).filter(|(_, watched)| !watched);
        let not_watched = others.map(|((user, _), _)| user.id.to_string()).collect();
        let mut statuses = Vec::new();
        audience.drain(watcher, |state| {
            statuses.push(state.0.message());
            Told::More
        });
        let subscriptions = match resume {
            true => Vec::new(),
            false => audience.subscriptions(watcher).map(ToString::to_string).collect(),
        };
        let response = v1::LoginResponse {
            server_time: self.now.wall.0,
            statuses,
            subscriptions,
            lists_version,
            not_watched,
            subscriptions_lost,
            registered,
            snapshot_complete: true,
            ..v1::LoginResponse::default()
        };
        if resume {
            let kept = known.iter().map(|(user, version)| (user.id.to_string(), version.0)).collect();
            self.known.insert((who, device), kept);
        }
        self.send(connection, Body::Login(response));
        if let Some(link) = self.links.get_mut(&connection) {
            link.stalled = false;
        }
        Ok(())
    }

    async fn lists_version(&self, user: &User) -> Result<u64, Failed> {
        let state = self.process()?.service.lists_states_of(vec![user.clone()]).await?.pop().flatten();
        Ok(state.map_or(0, |state| state.version))
    }
}
