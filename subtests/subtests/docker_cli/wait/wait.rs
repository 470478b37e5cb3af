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
//! each container that it waited for must have ended. It takes as long as the longest of them, within three seconds. It
//! does nothing to the containers: the engine's own events tell of their end and of nothing else.
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
