//! `docker kill` sends a container the signal that it is told to, and nothing else happens.
//!
//! A container runs a script that reports each signal that it gets. The sub-subtests send signals and read the reports
//! as they come; the engine's API tells whether the container is still the one that was started. Another container
//! stands by and must not notice any of it.
//!
//! * `random_num`, `random_name`: a series of random signals, given as numbers or as names, with `-s` and with
//!   `--signal=`. Each must be reported, once and in order, before the next one is sent. The last one is KILL: it must
//!   end the container, and the client that ran it with status 137.
//! * `sigstop`: a stopped container reports nothing. What was sent to it meanwhile is reported once it continues, but for
//!   TSTP, TTIN and TTOU, which the kernel drops then.
//! * `bad`: what is no signal is refused with a message that names it, and so are a container that is unknown or does not
//!   run and a command line without one. Nothing of that does harm: the container goes on and gets what comes after it, in
//!   whatever words (`SIGUSR1`, `usr2`, `RTMIN+3`), by its id, too; and KILL without a word.
//! * `stress`: many signals without waiting for the reports. `stress_parallel` (also `parallel_stress`): all signals at
//!   the same time, again and again. Each must be reported at least once, and none more often than it was sent.
//! * `run_sigproxy`, `attach_sigproxy`: the signals go to the client, `docker run` or `docker attach`, which has to pass
//!   them on. `run_sigproxy_stress` and `attach_sigproxy_stress` do not wait for the reports. At the end the client is
//!   killed, which must leave the container alone.
//!
//! Each is there with `_ttyoff` behind its name, too: then the container has no terminal. `attach_sigproxy` never has
//! one, because `docker attach` passes signals on only without. Each series is told in the log in the words of the option
//! `signals_sequence`, so that it can be repeated.
//!
//! It needs the test image (the options `docker_repo_name` and so on), with a shell that can trap signals.
//!
//! What differs between engines: docker refuses a bad signal with status 1, podman with 125; podman 4.3 takes `-1` for
//! signal 1, which is a `FAIL` of `bad`. A client of docker 27 or later ends itself at the third INT or TERM, so each of these is sent
//! to it only once. No client passes on signal 23, which its runtime uses itself. After KILL, `podman attach` ends
//! with status 0.

mod bad;
mod options;
mod play;
mod random;
mod signals;
mod sigstop;
mod stress;
mod target;

use dockertest::engine::{Container, Life};
use dockertest::prelude::*;

/// The parent: a container that must not notice anything.
#[derive(Default)]
pub(crate) struct Kill {
    bystander: Option<(Container, Life)>,
}

impl Subtest for Kill {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        let bystander = ctx.container().start()?;
        let life = bystander.life()?;
        self.bystander = Some((bystander, life));
        Ok(())
    }
}

impl Kill {
    /// Fails when the other container has been touched.
    fn check_bystander(&self, command: &str) -> Outcome {
        match &self.bystander {
            Some((container, life)) => container.must_go_on(life, command),
            None => Ok(()),
        }
    }
}

dockertest::subtest!(
    Kill,
    "A container gets the signals that `docker kill` sends, or that its client passes on, and nothing else.",
    sequential {
        random_num: random::Random,
        random_num_ttyoff: random::Random,
        random_name: random::Random,
        random_name_ttyoff: random::Random,
        sigstop: sigstop::Sigstop,
        sigstop_ttyoff: sigstop::Sigstop,
        bad: bad::Bad,
        bad_ttyoff: bad::Bad,
        stress: stress::Stress,
        stress_ttyoff: stress::Stress,
        stress_parallel: stress::Parallel,
        stress_parallel_ttyoff: stress::Parallel,
        parallel_stress: stress::Parallel,
        parallel_stress_ttyoff: stress::Parallel,
        run_sigproxy: random::Random,
        run_sigproxy_ttyoff: random::Random,
        attach_sigproxy: random::Random,
        attach_sigproxy_ttyoff: random::Random,
        run_sigproxy_stress: stress::Stress,
        run_sigproxy_stress_ttyoff: stress::Stress,
        attach_sigproxy_stress: stress::Stress,
        attach_sigproxy_stress_ttyoff: stress::Stress,
    }
);
