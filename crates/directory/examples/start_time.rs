//! Measures the time in which a directory is opened from the folder `live` of a server that has ended. The folder is
//! changed: use a copy.
//!
//! `cargo run --release -p lamplight-directory --example start_time FOLDER`

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use lamplight_directory::InProcessDirectory;
use lamplight_model::{Moment, Now, Timestamp};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder"));
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let now = Now { moment: Moment(1_000), wall: Timestamp(wall) };
    let begun = Instant::now();
    let (_directory, recovered) = InProcessDirectory::open(&folder, now, Duration::from_secs(30)).unwrap();
    println!("{} records in {:.2?}", recovered.records, begun.elapsed());
    // The records of a process that ends need not be freed.
    std::process::exit(0);
}
