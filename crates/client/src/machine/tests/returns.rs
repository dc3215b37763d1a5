//! Simulates the reconnects of many clients after their server was down: machines with different jitters.

use super::super::*;
use lamplight_wire::v1::server_message::Body as Tell;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeSet;

/// The time from the start of an attempt to connect to its success or failure.
const WAY: Duration = Duration::from_millis(50);

/// A client and its attempt to connect.
struct Seat {
    machine: Machine,
    /// The time when the attempt to connect succeeds; `None` if no attempt is in progress.
    arrives: Option<Moment>,
}

/// Simulates `clients` clients and a server that has sent them `spread` and is down for `away`. Returns the time from
/// the server's return to the login of each client, in ascending order.
fn returns(clients: usize, spread: Duration, away: Duration, seed: u64) -> Vec<Duration> {
    let mut random = StdRng::seed_from_u64(seed);
    let spread_ms = u32::try_from(spread.as_millis()).unwrap();
    let mut now = Moment(1_000_000);
    let mut seats: Vec<Seat> = (0..clients)
        .map(|_| {
            let device = DeviceId::new("device").unwrap();
            let identity = Identity { app: AppId(1), platform: Platform::Linux, device };
            let mut seat = Seat { machine: Machine::new(identity), arrives: None };
            let login = Input::Login {
                call: CallId(1),
                deadline: now + Duration::from_secs(10),
                user: UserId::new("me").unwrap(),
                user_sig: "sig".to_owned(),
            };
            step(&mut seat, login, now, &mut random, spread_ms);
            assert!(step(&mut seat, Input::LinkUp, now, &mut random, spread_ms));
            seat
        })
        .collect();
    now = now + backoff::STABLE_AFTER;
    for seat in &mut seats {
        step(seat, Input::LinkEnded(LinkEnd::Closed), now, &mut random, spread_ms);
    }
    let back = now + away;
    let due = |seat: &Seat| match (
        &seat.machine.session.as_ref().expect("it is established").phase,
        seat.arrives,
    ) {
        (_, Some(arrives)) => Some(arrives),
        (Phase::Waiting { until, .. }, None) => Some(*until),
        (Phase::Live(_) | Phase::Connecting { .. } | Phase::LoggingIn { .. }, None) => None,
    };
    let mut agenda: BTreeSet<_> =
        (0..clients).filter_map(|index| Some((due(&seats[index])?, index))).collect();
    let mut returned = Vec::new();
    while let Some((now, index)) = agenda.pop_first() {
        let seat = &mut seats[index];
        let input = match seat.arrives.take() {
            None => Input::Tick,
            Some(_) if now >= back => Input::LinkUp,
            Some(_) => Input::LinkEnded(LinkEnd::Failed(crate::TransportError::new("connecting", "refused"))),
        };
        if step(seat, input, now, &mut random, spread_ms) {
            returned.push(now.since(back));
        }
        agenda.extend(due(seat).map(|at| (at, index)));
    }
    assert_eq!(returned.len(), clients, "everybody comes back");
    returned
}

/// Runs a step of a machine and executes its effects. Returns whether the machine has logged in.
fn step(seat: &mut Seat, input: Input, now: Moment, random: &mut StdRng, reconnect_spread_ms: u32) -> bool {
    let mut logged_in = false;
    for effect in seat.machine.step(input, now, Jitter::new(random.random())) {
        match effect {
            Effect::OpenLink => seat.arrives = Some(now + WAY),
            Effect::Send(v1::ClientMessage { id, body: Some(Ask::Login(_)) }) => {
                let told = v1::LoginResponse { reconnect_spread_ms, ..v1::LoginResponse::default() };
                let answer = v1::ServerMessage { id, body: Some(Tell::Login(told)) };
                seat.machine.step(Input::Received(Box::new(answer)), now, Jitter::new(0.0));
                logged_in = true;
            }
            Effect::CloseLink | Effect::Send(_) | Effect::Answer(..) | Effect::Emit(_) => {}
        }
    }
    logged_in
}

#[test]
fn sixty_clients_are_back_soon_after_their_server_is() {
    for away in [0, 1, 10, 60].map(Duration::from_secs) {
        for seed in 0..20 {
            let returned = returns(60, Duration::from_secs(1), away, seed);
            let (most, last) = (returned[60 * 95 / 100 - 1], returned[59]);
            assert!(most <= Duration::from_secs(3), "95 % within {most:?}, away for {away:?}, seed {seed}");
            assert!(last <= Duration::from_secs(6), "all within {last:?}, away for {away:?}, seed {seed}");
        }
    }
}

#[test]
fn the_clients_of_a_large_server_come_back_no_faster_than_it_takes_them() {
    // The spread is that of a server with 100,000 clients that accepts 5,000 logins per second. Fewer clients are
    // simulated.
    let (clients, spread) = (2_000, Duration::from_secs(20));
    for away in [0, 1, 10, 60].map(Duration::from_secs) {
        let returned = returns(clients, spread, away, 7);
        let mut seconds = BTreeSet::new();
        for from in 0..60 {
            let within = |time: &&Duration| time.as_secs() == from;
            seconds.insert(returned.iter().filter(within).count());
        }
        let busiest = *seconds.last().unwrap();
        assert!(busiest <= 2 * clients / 20, "{busiest} in one second, away for {away:?}");
        assert!(returned[clients - 1] <= spread * 2, "{:?}", returned[clients - 1]);
    }
}
