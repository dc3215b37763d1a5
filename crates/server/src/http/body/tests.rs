//! Tests of bodies in pieces as hyper returns them: the memory, the charged bytes, and the refusals.

use super::*;
use futures_util::stream;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::convert::Infallible;

const UNHURRIED: MinimumRate =
    MinimumRate { grace: Duration::from_secs(60), bytes_per_second: 1, longest: None };

fn room(budget: usize, rate: MinimumRate) -> (BodyRoom, Gauge) {
    let metrics = HttpMetrics::register(&mut Registry::default());
    let used = metrics.body_bytes();
    (BodyRoom::new(Budget::new(budget, used.clone()), rate, metrics), used)
}

/// Makes a body of these pieces, each a slice of an 8 KiB buffer as from hyper.
fn body(pieces: impl IntoIterator<Item = &'static [u8], IntoIter: Send + 'static>) -> Body {
    let pieces = pieces.into_iter().map(|piece| {
        let mut buffer = vec![0; 8 * 1024];
        buffer[..piece.len()].copy_from_slice(piece);
        Ok::<_, Infallible>(Bytes::from(buffer).slice(..piece.len()))
    });
    Body::from_stream(stream::iter(pieces))
}

fn bytes(count: usize) -> Body {
    body(std::iter::repeat_n(&b"x"[..], count))
}

#[tokio::test]
async fn a_body_takes_what_it_has_and_gives_it_back() {
    let (room, used) = room(1 << 20, UNHURRIED);
    for (length, taken) in [
        (0, 0),
        (1, 1_024),
        (1_024, 1_024),
        (1_025, 2_048),
        (16_384, 16_384),
        (16_385, 64_000),
        (64_000, 64_000),
    ] {
        let whole = room.read(bytes(length), 64_000).await.unwrap();
        assert_eq!((whole.len(), used.get()), (length, taken), "{length} bytes");
        assert_eq!(whole.memory.capacity() as i64, taken, "the capacity is what was charged");
        drop(whole);
        assert_eq!(used.get(), 0);
    }
    let whole = room.read(body([&b"one"[..], b", ", b"two"]), 100).await.unwrap();
    assert_eq!(&*whole, b"one, two");
}

#[tokio::test]
async fn a_large_body_is_mapped_and_one_whose_length_is_told_takes_no_more() {
    let (room, used) = room(1 << 20, UNHURRIED);
    let told = |length| Body::from(vec![b'x'; length]);
    for (body, length, taken) in [
        (bytes(16_384), 16_384, 16_384),
        (bytes(16_385), 16_385, 500_000),
        (told(1), 1, 1),
        (told(16_385), 16_385, 16_385),
        (told(500_000), 500_000, 500_000),
    ] {
        let whole = room.read(body, 500_000).await.unwrap();
        assert_eq!((whole.len(), used.get()), (length, taken));
        assert!(whole.iter().all(|byte| *byte == b'x'));
        assert_eq!(matches!(whole.memory, Memory::Mapped { .. }), length > MOST_ALLOCATED, "{length} bytes");
    }
    assert_eq!(room.read(told(500_001), 500_000).await.unwrap_err(), BodyFault::TooLarge(500_000));
    assert_eq!(used.get(), 0);
}

#[tokio::test]
async fn a_body_past_its_bound_or_the_budget_is_refused_and_keeps_nothing() {
    let (room, used) = room(4_096, UNHURRIED);
    assert_eq!(room.read(bytes(1_001), 1_000).await.unwrap_err(), BodyFault::TooLarge(1_000));
    assert_eq!(room.read(bytes(4_097), 10_000).await.unwrap_err(), BodyFault::NoRoom);
    let kept = room.read(bytes(2_000), 10_000).await.unwrap();
    let other = room.read(bytes(2_000), 10_000).await.unwrap();
    assert_eq!(room.read(bytes(1), 10_000).await.unwrap_err(), BodyFault::NoRoom);
    assert_eq!(used.get(), 4_096);
    drop((kept, other));
    assert_eq!(used.get(), 0);
    assert!(room.read(bytes(1), 10_000).await.is_ok());
}

#[tokio::test]
async fn a_body_that_stops_or_drips_is_too_slow() {
    let soon = Duration::from_millis(40);
    let rate = MinimumRate { grace: soon, bytes_per_second: 1 << 40, longest: None };
    let (room, used) = room(2 << 30, rate);
    let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
    assert_eq!(room.read(silent, 1_000).await.unwrap_err(), BodyFault::TooSlow);
    // The bytes come one by one and are always ready, so the reader never waits.
    let endless = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(b"x")));
    assert_eq!(room.read(Body::from_stream(endless), 1 << 30).await.unwrap_err(), BodyFault::TooSlow);
    assert_eq!(used.get(), 0);
    // A body that ends early is an error.
    let broken = stream::iter([Ok(Bytes::from_static(b"x")), Err("gone")]);
    assert_eq!(room.read(Body::from_stream(broken), 1_000).await.unwrap_err(), BodyFault::BrokenOff);
}

#[tokio::test]
async fn an_answer_is_charged_while_it_is_sent() {
    let (room, used) = room(1 << 20, UNHURRIED);
    let mut answer = Charged { body: Body::from(vec![7; 5_000]), budget: room.budget };
    assert_eq!(answer.size_hint().exact(), Some(5_000));
    let frame = std::future::poll_fn(|context| Pin::new(&mut answer).poll_frame(context)).await.unwrap();
    let sent = frame.unwrap().into_data().unwrap();
    drop(answer);
    assert_eq!((sent.len(), used.get()), (5_000, 5_000));
    drop(sent);
    assert_eq!(used.get(), 0);
}

#[test]
fn json_is_named_in_several_ways() {
    for (kind, json) in [
        ("application/json", true),
        ("Application/JSON; charset=utf-8", true),
        ("application/vnd.api+json", true),
        ("text/json", false),
        ("application/jsonp", false),
        ("", false),
    ] {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]);
        assert_eq!(is_json(&headers), json, "{kind}");
    }
    assert!(!is_json(&HeaderMap::new()));
}
