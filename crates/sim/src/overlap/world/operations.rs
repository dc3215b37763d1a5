//! Starts operations of each kind.

use super::nodes::UnderWay;
use super::{Interrupted, World};
use crate::overlap::executor::{Clock, block_on, wall};
use crate::overlap::node::WORKERS;
use crate::overlap::people::{
    Client, DEVICES, Kick, LoginRequest, NAMES, Request, Stage, Who, id_of, label, seconds_of, user_of,
};
use crate::overlap::plan::Kind;
use lamplight_core::LinkEnd;
use lamplight_directory::{ChangeLog, LogEntry, News};
use lamplight_model::{AppId, Now, Platform, Visibility};
use lamplight_service::{By, NewFriend, Revoking, Service, ServiceError};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

/// The number of entries after which every log reader has missed an entry: the capacity of its queue, plus one.
const FLOOD: usize = lamplight_directory::MAX_WAITING_ENTRIES + 1;

type Call<'a> = Pin<Box<dyn Future<Output = Result<(), ServiceError>> + 'a>>;

impl World {
    /// Starts one operation. Returns `false` if there is no suitable user or client.
    pub fn begin(&mut self) -> bool {
        let kind = self.plan.next(&mut self.random);
        self.judge.count(format!("{kind:?}"));
        let who = self.random.below(self.plan.users);
        let other = (who + 1 + self.random.below(self.plan.users - 1)) % self.plan.users;
        match kind {
            Kind::Login => {
                let device = self.random.below(DEVICES.len());
                self.log_in(who, device);
            }
            Kind::Again => {
                let Some((_, client)) = self.somebody(|client| client.stage == Stage::LoggedIn) else {
                    return false;
                };
                self.log_in(client.who, client.device);
            }
            Kind::Retry => {
                let waits = |client: &Client| client.stage == Stage::New && client.awaits.is_none();
                let Some((number, client)) = self.somebody(waits) else { return false };
                self.ask_login(number, &client);
            }
            Kind::Logout => return self.ask_somebody(|_, _| Request::Logout),
            Kind::LinkEnds => {
                let Some((number, _)) = self.somebody(|client| client.stage != Stage::Over) else {
                    return false;
                };
                self.end_link(number);
            }
            Kind::SigEnds => {
                let Some((number, client)) = self.somebody(|it| it.stage == Stage::LoggedIn) else {
                    return false;
                };
                self.judge.note(|| format!("the UserSig of {} ends", label(number, &client)));
                self.people.pasts.borrow_mut()[client.who].logged_out[client.device] = true;
                let id = self.connections[&number];
                self.worker_of(id, &client).sig_ends(id);
            }
            Kind::Kick => self.kick(who),
            Kind::KickAndLogin => {
                let device = self.random.below(DEVICES.len());
                if self.random.once_in(2) {
                    self.log_in(who, device);
                    self.wait_a_little();
                    self.kick(who);
                } else {
                    self.kick(who);
                    self.wait_a_little();
                    self.log_in(who, device);
                }
            }
            Kind::LogoutAndLogin => {
                let ready = |client: &Client| client.stage == Stage::LoggedIn && client.awaits.is_none();
                let Some((number, client)) = self.somebody(ready) else { return false };
                self.ask(number, Request::Logout);
                self.wait_a_little();
                self.log_in(client.who, client.device);
            }
            Kind::Delete => self.delete(who),
            Kind::Create => self.create(who),
            Kind::Text => {
                let text = *self.random.pick(&["", "busy", "away", "lunch"]);
                return self.ask_somebody(|_, _| Request::Text(text.to_owned()));
            }
            Kind::TextFor => {
                let text = *self.random.pick(&["", "in a meeting", "on the road"]);
                self.call(format!("text of {}: {text:?}", NAMES[who]), move |service, now| {
                    Box::pin(async move {
                        service.set_status_for(&user_of(who), text, seconds_of(text), now).await.map(drop)
                    })
                });
            }
            Kind::Query => return self.ask_somebody(|users, _| Request::Query(users)),
            Kind::Subscribe => return self.ask_somebody(|users, _| Request::Subscribe(users)),
            Kind::SubscribeFor => {
                let users = self.some_users();
                self.people.allowed.borrow_mut()[who].extend(&users);
                self.call(format!("{} subscribes to {users:?}", NAMES[who]), move |service, now| {
                    Box::pin(async move {
                        let names: Vec<&str> = users.iter().map(|who| NAMES[*who]).collect();
                        service.subscribe_for(&user_of(who), &names, now).await.map(drop)
                    })
                });
            }
            Kind::Unsubscribe => return self.ask_somebody(|users, _| Request::Unsubscribe(users)),
            Kind::List => return self.ask_somebody(|_, _| Request::List),
            Kind::Befriend => {
                let both = !self.random.once_in(3);
                return self.ask_somebody(|users, _| Request::Befriend(users[0], both));
            }
            Kind::BefriendFor => {
                self.allow_friends(who, other);
                let sight = Rc::clone(&self.around.sight);
                self.call(format!("{} befriends {}", NAMES[who], NAMES[other]), move |service, now| {
                    Box::pin(async move {
                        let change = sight.begin(&[who, other], false);
                        let friend = NewFriend { both: true, ..NewFriend::mutual(id_of(other)) };
                        let done = service.add_friend(&user_of(who), friend, By::App, now).await;
                        change.end(&done);
                        done.map(drop)
                    })
                });
            }
            Kind::Unfriend => {
                let both = self.random.once_in(2);
                return self.ask_somebody(|users, _| Request::Unfriend(users[0], both));
            }
            Kind::Visible => {
                let visibility = self.some_visibility();
                return self.ask_somebody(|_, _| Request::Visible(visibility));
            }
            Kind::Block => return self.ask_somebody(|users, _| Request::Block(users)),
            Kind::Unblock => return self.ask_somebody(|users, _| Request::Unblock(users)),
            Kind::BlockList => return self.ask_somebody(|_, _| Request::BlockList),
            Kind::Message => return self.ask_somebody(|users, _| Request::Message(users[0])),
            Kind::VisibleFor => {
                let visibility = self.some_visibility();
                self.restrict_for(who, Request::Visible(visibility));
            }
            Kind::BlockFor => self.restrict_for(who, Request::Block(vec![other])),
            Kind::UnblockFor => self.restrict_for(who, Request::Unblock(vec![other])),
            Kind::Switch => {
                let mut app = self.app.clone();
                let on = !app.settings.switches.friend_notification;
                app.settings.switches.friend_notification = on;
                self.app = app.clone();
                self.call(format!("friend notification: {on}"), move |service, _| {
                    Box::pin(async move { service.put_app(app).await })
                });
            }
            Kind::Stall => {
                let Some((number, client)) = self.somebody(|it| it.stage == Stage::LoggedIn) else {
                    return false;
                };
                self.stall(number, !client.stalled);
            }
            Kind::Bug => {
                let Some((number, client)) = self.somebody(|client| client.stage != Stage::Over) else {
                    return false;
                };
                self.judge.note(|| format!("{} meets a bug", label(number, &client)));
                if let Some(client) = self.people.clients.borrow_mut().get_mut(&number) {
                    client.stage = Stage::Over;
                }
                let id = self.connections[&number];
                self.worker_of(id, &client).meet_bug(id);
            }
            Kind::Restart => self.restart(),
            Kind::KillNode => return self.kill_node(),
            Kind::LeaveCluster => return self.leave_cluster(),
            Kind::JoinCluster => return self.join_cluster(),
            Kind::CutOff => self.cut_off(),
            Kind::Flush => self.flush(),
            Kind::FailOver => self.fail_over(),
            Kind::Flood => {
                self.judge.note(|| "a flood".to_owned());
                let directory = self.node().shared.live.now();
                let news = || LogEntry::news(user_of(0), News::App(AppId(7)));
                if let Err(error) = block_on(directory.append((0..FLOOD).map(|_| news()).collect())) {
                    self.judge.note(|| format!("no flood: {error}"));
                }
            }
        }
        true
    }

    fn wait_a_little(&mut self) {
        let millis = *self.random.pick(&[0, 0, 1, 3, 10, 40]);
        self.pass(millis);
    }

    fn some_users(&mut self) -> Vec<Who> {
        let first = self.random.below(self.plan.users);
        let mut users = vec![first];
        if self.random.once_in(2) {
            users.push((first + 1) % self.plan.users);
        }
        users
    }

    /// A random client for which `which` returns `true`; `None` if there is none.
    fn somebody(&mut self, which: impl Fn(&Client) -> bool) -> Option<(u64, Client)> {
        let clients = self.people.clients.borrow();
        let some: Vec<u64> =
            clients.iter().filter(|(_, client)| which(client)).map(|(number, _)| *number).collect();
        if some.is_empty() {
            return None;
        }
        let number = *self.random.pick(&some);
        Some((number, clients[&number].clone()))
    }

    fn ask_somebody(&mut self, request: impl FnOnce(Vec<Who>, &Client) -> Request) -> bool {
        let ready = |client: &Client| client.stage == Stage::LoggedIn && client.awaits.is_none();
        let Some((number, client)) = self.somebody(ready) else { return false };
        let mut users = self.some_users();
        users.retain(|who| *who != client.who);
        if users.is_empty() {
            users.push((client.who + 1) % self.plan.users);
        }
        let request = request(users, &client);
        self.ask(number, request);
        true
    }

    fn some_visibility(&mut self) -> Visibility {
        *self.random.pick(&[Visibility::Everyone, Visibility::Friends, Visibility::Nobody])
    }

    /// Starts a call of the server API that changes who may see the status of a user.
    fn restrict_for(&mut self, who: Who, request: Request) {
        let sight = Rc::clone(&self.around.sight);
        self.call(format!("{}: {request:?}", NAMES[who]), move |service, now| {
            Box::pin(
                async move { sight.change(service, &user_of(who), &request, By::App, now).await.map(drop) },
            )
        });
    }

    fn allow_friends(&self, one: Who, other: Who) {
        let mut allowed = self.people.allowed.borrow_mut();
        allowed[one].insert(other);
        allowed[other].insert(one);
    }

    /// Sends a request on behalf of a client.
    pub(super) fn ask(&mut self, number: u64, request: Request) {
        self.requests_made += 1;
        let asked = self.requests_made;
        let (client, id) = {
            let mut clients = self.people.clients.borrow_mut();
            let Some(client) = clients.get_mut(&number) else { return };
            client.awaits = Some((asked, request.clone()));
            client.asked_at = self.executor.clock().of_nodes();
            client.list_news.clear();
            (client.clone(), self.connections[&number])
        };
        match &request {
            Request::Subscribe(users) => self.people.allowed.borrow_mut()[client.who].extend(users),
            Request::Befriend(friend, _) => self.allow_friends(client.who, *friend),
            Request::Logout => self.people.pasts.borrow_mut()[client.who].logged_out[client.device] = true,
            Request::Login(_)
            | Request::Text(_)
            | Request::Query(_)
            | Request::Unsubscribe(_)
            | Request::List
            | Request::Visible(_)
            | Request::Block(_)
            | Request::Unblock(_)
            | Request::BlockList
            | Request::Message(_)
            | Request::Unfriend(..) => {}
        }
        self.note_asked(asked, client.who, &request);
        self.judge.note(|| format!("{} asks {asked}: {request:?}", label(number, &client)));
        self.worker_of(id, &client).receive(id, asked, request);
    }

    pub(super) fn log_in(&mut self, who: Who, device: usize) {
        self.clients_made += 1;
        let number = self.clients_made;
        let platform = match self.plan.changes_platform && device == 0 && self.random.once_in(2) {
            true => Platform::Web,
            false => DEVICES[device].1,
        };
        let client = Client {
            who,
            device,
            platform,
            worker: self.random.below(WORKERS),
            stage: Stage::New,
            stalled: false,
            awaits: None,
            asked_at: 0,
            picture: BTreeMap::new(),
            told: BTreeMap::new(),
            list: None,
            list_news: Vec::new(),
            login_asked: 0,
            resumes_ended: false,
        };
        let id = self.node_for_client().workers[client.worker].take_in(number);
        self.connections.insert(number, id);
        self.people.clients.borrow_mut().insert(number, client.clone());
        self.ask_login(number, &client);
    }

    fn ask_login(&mut self, number: u64, client: &Client) {
        let (who, device, platform) = (client.who, client.device, client.platform);
        self.platforms.entry((who, device)).or_default().insert(platform);
        let left = self.people.left_behind.borrow().get(&(who, device)).cloned();
        let resume = left.is_some() && self.random.once_in(2);
        let picture = left.filter(|_| resume).unwrap_or_default();
        let known = picture.iter().map(|(of, status)| (*of, status.version)).collect();
        if !resume {
            self.people.ended.borrow_mut().remove(&(who, device));
        }
        if let Some(client) = self.people.clients.borrow_mut().get_mut(&number) {
            client.picture = picture;
            let is_ended = self.people.ended.borrow().contains(&(who, device));
            client.resumes_ended = resume && is_ended && !self.is_logged_in(who, device);
        }
        let issued = {
            let mut sigs = self.people.sigs.borrow_mut();
            let has = sigs.get(&(who, device)).copied().filter(|_| !self.random.once_in(4));
            let issued = has.unwrap_or(self.executor.clock().of_nodes());
            sigs.insert((who, device), issued);
            issued
        };
        let asked = self.requests_made + 1;
        if !resume {
            self.people.device_logins.borrow_mut().entry((who, device)).or_default().insert(asked);
        }
        if let Some(client) = self.people.clients.borrow_mut().get_mut(&number) {
            client.login_asked = asked;
        }
        self.ask(number, Request::Login(LoginRequest { who, device, platform, resume, known, issued }));
    }

    /// Ends the link of a client, at random by a close or a timeout.
    pub fn end_link(&mut self, number: u64) {
        let end = if self.random.once_in(3) { LinkEnd::TimedOut } else { LinkEnd::Closed };
        let client = {
            let mut clients = self.people.clients.borrow_mut();
            let Some(client) = clients.get_mut(&number) else { return };
            client.stage = Stage::Over;
            client.clone()
        };
        self.judge.note(|| format!("{} ends: {end:?}", label(number, &client)));
        let id = self.connections[&number];
        self.worker_of(id, &client).link_ended(id, end);
    }

    /// Makes a client stop or resume reading its messages.
    pub fn stall(&mut self, number: u64, stalled: bool) {
        let client = {
            let mut clients = self.people.clients.borrow_mut();
            let Some(client) = clients.get_mut(&number) else { return };
            client.stalled = stalled;
            client.clone()
        };
        self.worker_of(self.connections[&number], &client).deliver_waiting();
    }

    pub(super) fn delete(&mut self, who: Who) {
        let ended = self.note_kick(who, true);
        // After a deletion, the user id may belong to a new account.
        self.people.ended.borrow_mut().retain(|(whose, _)| *whose != who);
        let (clock, sight) = (Arc::clone(self.executor.clock()), Rc::clone(&self.around.sight));
        let repeat = Some(Interrupted::Delete(who));
        self.call_until_answered(repeat, format!("delete {}", NAMES[who]), move |service, now| {
            Box::pin(async move {
                let change = sight.begin(&(0..NAMES.len()).collect::<Vec<_>>(), false);
                let done = service.delete_account(&user_of(who), now).await;
                change.end(&done);
                let revoking = done?;
                wait_until_answer(&clock, &revoking).await;
                ended();
                Ok(())
            })
        });
    }

    pub(super) fn create(&mut self, who: Who) {
        let (people, clock) = (Rc::clone(&self.people), Arc::clone(self.executor.clock()));
        // The account may be created at any time until the call is answered. If the call is never answered, it may be
        // created at any later time.
        people.pasts.borrow_mut()[who].created = Some(u64::MAX);
        let repeat = Some(Interrupted::Create(who));
        self.call_until_answered(repeat, format!("create {}", NAMES[who]), move |service, now| {
            Box::pin(async move {
                let made = service.create_account(&user_of(who), now).await;
                people.pasts.borrow_mut()[who].created = Some(clock.of_nodes());
                made.map(drop)
            })
        });
    }

    pub(super) fn kick(&mut self, who: Who) {
        let ended = self.note_kick(who, false);
        let clock = Arc::clone(self.executor.clock());
        let repeat = Some(Interrupted::Kick(who));
        self.call_until_answered(repeat, format!("kick {}", NAMES[who]), move |service, now| {
            Box::pin(async move {
                let revoking = service.kick(&user_of(who), now).await?;
                wait_until_answer(&clock, &revoking).await;
                ended();
                Ok(())
            })
        });
    }

    /// Records that a kick or a deletion has begun. The caller must call the returned function after a successful
    /// answer.
    fn note_kick(&mut self, who: Who, deletes: bool) -> impl FnOnce() + 'static {
        let kick = Kick { began: self.time_of_nodes(), answered: None, deletes };
        let place = {
            let kicks = &mut self.people.pasts.borrow_mut()[who].kicks;
            kicks.push(kick);
            kicks.len() - 1
        };
        let (people, clock) = (Rc::clone(&self.people), Arc::clone(self.executor.clock()));
        move || {
            if let Some(kick) = people.pasts.borrow_mut()[who].kicks.get_mut(place) {
                kick.answered = Some(clock.of_nodes());
            }
        }
    }

    /// Starts a call of the server API, which is not repeated if its node is killed.
    fn call(&mut self, what: String, call: impl for<'a> FnOnce(&'a Service, Now) -> Call<'a> + 'static) {
        self.call_until_answered(None, what, call);
    }

    /// Starts a call of the server API, which is repeated if its node is killed before the answer.
    fn call_until_answered(
        &mut self,
        repeat: Option<Interrupted>,
        what: String,
        call: impl for<'a> FnOnce(&'a Service, Now) -> Call<'a> + 'static,
    ) {
        self.judge.note(|| what.clone());
        let shared = Rc::clone(&self.node_for_client().shared);
        let under_way = UnderWay::begin(Rc::clone(&self.under_way), repeat, Rc::clone(&self.interrupted));
        let it = Rc::clone(&shared);
        shared.start(async move {
            let done = call(&it.service, it.now()).await;
            it.judge.note(|| format!("  {what}: {done:?}"));
            under_way.end();
        });
    }
}

/// Waits until UserSigs that are issued from now on are valid again. The server API also waits for this before it
/// answers.
async fn wait_until_answer(clock: &Arc<Clock>, revoking: &Revoking) {
    if let Some(from) = revoking.answer_from(wall(clock.of_nodes())) {
        clock.sleep(from.0.saturating_sub(wall(clock.of_nodes()).0)).await;
    }
}
