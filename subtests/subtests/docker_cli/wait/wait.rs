//! `docker wait`: blocks until containers have ended, and prints their exit statuses in the order of its arguments.
//!
//! In the first four cases three containers run a shell; each gets a line to execute through `docker attach`, which says
//! how long it takes and with which status it ends. `docker wait` gets some of them, by name or by id:
//!
//! * `no_wait`: those that end at once;
//! * `wait_first`: the one that takes longest comes first;
//! * `wait_last`: it comes last;
//! * `wait_missing`: some of the names belong to no container. They are told on standard error, each in a line of its
//!   own, and the status is not 0; the others are waited for all the same.
//!
//! In the others the containers run a command of their own, and something happens to them meanwhile (option
//! `target_waits`):
//!
//! * `Simple`: nothing;
//! * `Multi`: the second of three is killed;
//! * `Sig`: the container gets a signal that it survives.
//!
//! What is printed is compared as a whole, also with the exit statuses that the engine has noted. When the command is back,
//! each container that it waited for must have ended, and the last of them not more than three seconds ago. It does nothing
//! to the containers: the engine's own events tell of their end and of nothing else.
//!
//! # Engines
//! Podman looks for all containers first: if one is missing it prints no status at all and ends with 125.
//! Its `attach` ends with status 0 whatever the container's is.

/// Cases that differ in their options only.
macro_rules! cases {
    ($run:ident: $($name:ident),*) => {$(
        #[derive(Default)]
        pub(super) struct $name;

        impl SubSubtest<Wait> for $name {
            fn run_once(&mut self, _: &mut Wait, ctx: &mut Context) -> Outcome {
                $run(ctx)
            }
        }
    )*};
}
use cases;

mod shells;
mod targets;

use std::time::Duration;

use dockertest::engine::Container;
use dockertest::prelude::*;

use shells::{NoWait, WaitFirst, WaitLast, WaitMissing};
use targets::{MultiCase, SigCase, SimpleCase};

#[derive(Default)]
struct Wait;

impl Subtest for Wait {
    fn needs_engine(&self) -> bool {
        true
    }
}

/// How long after the last container's end the command may be back.
const TOLERANCE: Duration = Duration::from_secs(3);

/// The command is back when the last container has ended, and soon. How long it has waited says less: on a busy machine
/// the containers may end late.
fn is_back_in_time<'c>(
    seen: &Completed,
    back: jiff::Timestamp,
    containers: impl IntoIterator<Item = &'c Container>,
) -> Outcome {
    let mut last = jiff::Timestamp::MIN;
    for container in containers {
        let ended = container.state()?.finished_at.unwrap_or_default();
        let Ok(ended) = ended.parse() else {
            return seen.check(false, format!("the engine tells when {} ended, not `{ended}`", container.name()));
        };
        last = last.max(ended);
    }
    let (late, limit) = (back.duration_since(last).as_secs_f64(), TOLERANCE.as_secs_f64());
    let what = format!("the command is back within {limit} s after the end of the last container (seen: {late:.2} s)");
    seen.check((0.0..=limit).contains(&late), what)
}

dockertest::subtest!(
    Wait,
    "The exit statuses of containers are printed in order, when they have ended.",
    sequential {
        no_wait: NoWait,
        wait_first: WaitFirst,
        wait_last: WaitLast,
        wait_missing: WaitMissing,
        Simple: SimpleCase,
        Multi: MultiCase,
        Sig: SigCase
    }
);
