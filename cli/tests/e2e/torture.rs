//! Parallel runs in capsules whose runner is killed at random moments: resumed, they end as if nobody had done that, and
//! nothing is left of any of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use dockertest::journal::{Event, FILE_NAME, read};

use crate::env::possible;
use crate::support::Place;

/// Quick ones, most of which make something in the engine.
const RUN: [&str; 5] = [
    "run",
    "--args=example,docker_cli/version,docker_cli/info,docker_cli/stop",
    "--env=capsule",
    "--jobs=2",
    "--retries=0",
];

/// Goes on with it, whatever was cut off.
const RESUME: [&str; 2] = ["resume", "--retry-interrupted"];

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|number| number.parse().unwrap())
}

/// The next number of a row that the seed decides (xorshift).
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

fn verdicts(place: &Place) -> BTreeMap<String, String> {
    place.verdicts().into_iter().map(|(name, verdict, _)| (name, verdict)).collect()
}

/// Nothing of an instance that the journal names is on this machine.
fn expect_nothing_left(place: &Place) {
    let journal = read(&place.path("results/default").join(FILE_NAME)).unwrap();
    let made = journal.records.iter().filter_map(|record| match &record.event {
        Event::InstanceProvisioned(made) => Some(made.instance.as_str()),
        _ => None,
    });
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    for instance in made {
        assert!(!mounts.contains(&format!("/{instance}/")), "{instance} is mounted");
        assert!(!Path::new("/tmp").join(instance).exists(), "the folder of {instance} is left");
    }
    place.expect_no_process();
}

#[test]
fn torture_of_a_run_in_capsules_changes_no_verdict_and_leaves_nothing() {
    if !possible() {
        return;
    }
    let kills = number_from("DOCKERTEST_TORTURE_KILLS").map_or(3, |kills| kills.min(50));
    let mut seed = number_from("DOCKERTEST_TORTURE_SEED").unwrap_or(0x2545_F491_4F6C_DD1D);
    let undisturbed = Place::new().with("DOCKER_HOST", "");
    let began = Instant::now();
    let done = undisturbed.run(&RUN);
    // What always fails would be the same after any kill.
    let done = done.expect(0);
    let whole_us = u64::try_from(began.elapsed().as_micros()).unwrap();
    let expected = verdicts(&undisturbed);
    assert_eq!(expected.len(), 4, "{done:?}");
    let mut killed = 0;
    while killed < kills {
        let place = Place::new().with("DOCKER_HOST", "");
        let mut is_begun = false;
        loop {
            let arguments: &[&str] = if is_begun { &RESUME } else { &RUN };
            let mut command = place.command(arguments);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            if killed < kills {
                // Not a wait for something: the moment of the kill has to be any.
                thread::sleep(Duration::from_micros(next(&mut seed) % whole_us));
                if child.try_wait().unwrap().is_none() {
                    child.kill().unwrap();
                    killed += 1;
                }
            }
            let status = child.wait().unwrap();
            match status.code() {
                // Killed before the run was in the journal: there is nothing to go on with.
                Some(2) if is_begun => is_begun = false,
                Some(code) => {
                    assert!([0, 1].contains(&code), "{status}: {:?}", place.run(&RESUME));
                    break;
                }
                None => is_begun = place.path("results/default").join(FILE_NAME).exists(),
            }
        }
        assert_eq!(verdicts(&place), expected, "seed {seed}");
        expect_nothing_left(&place);
    }
}
