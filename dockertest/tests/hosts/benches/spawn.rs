//! What seeing a step through costs beyond starting its host, and how soon a host that hangs is gone.
//!
//! Both ways start the same no-op host, give it the same request and read all that it says; they take turns, and the
//! median of the rounds' ratios counts: on a busy machine times vary, ratios hardly do.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints its figures")]

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use dockertest::config::Section;
use dockertest::host::protocol::{Folders, HostMessage, RunRequest, RunnerMessage};
use dockertest::host::{CancelToken, HostProgram, Step, StepEnd, StepProcess};
use dockertest::verdict::Verdict;
use nix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 15;
const STEPS: u32 = 200;
const KILLS: usize = 30;

fn main() {
    // `cargo test` runs benches too, to see that they work.
    let is_trial = !std::env::args().any(|argument| argument == "--bench");
    let (rounds, steps, kills) = if is_trial { (1, 2, 1) } else { (ROUNDS, STEPS, KILLS) };
    let folder = tempfile::tempdir().unwrap();
    let request = request(folder.path());
    let token = CancelToken::new().unwrap();
    let mut ratios = Vec::new();
    let (mut bare_times, mut step_times) = (Vec::new(), Vec::new());
    let (mut bare_cpu, mut step_cpu) = (0.0, 0.0);
    for round in 0..rounds {
        let mut time_bare = || time(steps, &mut bare_cpu, || run_bare(&request));
        let mut time_step = || time(steps, &mut step_cpu, || run_step(&request, &token));
        let (bare, step) = if round % 2 == 0 {
            let bare = time_bare();
            (bare, time_step())
        } else {
            let step = time_step();
            (time_bare(), step)
        };
        ratios.push(step / bare);
        bare_times.push(bare);
        step_times.push(step);
    }
    println!("bare  {:8.1} us a step, median of {rounds} rounds of {steps}", 1e6 * median(&mut bare_times));
    println!("step  {:8.1} us a step", 1e6 * median(&mut step_times));
    println!("ratio {:8.3} (from {:.3} to {:.3})", median(&mut ratios), ratios[0], ratios[ratios.len() - 1]);
    let each = 1e6 / f64::from(steps) / f64::from(u32::try_from(rounds).unwrap());
    println!("our own processor time: bare {:.1} us a step, step {:.1} us", bare_cpu * each, step_cpu * each);
    let mut late: Vec<f64> = (0..kills).map(|_| seconds_to_kill(&request)).collect();
    let (middle, worst) = (median(&mut late), late[late.len() - 1]);
    println!("kill  {:8.1} ms from the wish to the end of it, worst {:.1} ms of {kills}", 1e3 * middle, 1e3 * worst);
}

/// Seconds a step; adds the seconds of processor time that this process (not the hosts) took for all of them.
fn time(steps: u32, cpu: &mut f64, mut run: impl FnMut()) -> f64 {
    let cpu_began = cpu_time();
    let began = Instant::now();
    (0..steps).for_each(|_| run());
    *cpu += (cpu_time() - cpu_began).as_secs_f64();
    began.elapsed().as_secs_f64() / f64::from(steps)
}

fn cpu_time() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).unwrap().into()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn run_bare(request: &RunRequest) {
    let mut line = serde_json::to_vec(&RunnerMessage::Run(Box::new(request.clone()))).unwrap();
    line.push(b'\n');
    let mut command = Command::new(env!("CARGO_BIN_EXE_misbehave"));
    command.args(["run", "pass"]).process_group(0).current_dir(&request.folders.output);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(&line).unwrap();
    let mut output = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut output).unwrap();
    child.stderr.take().unwrap().read_to_end(&mut output).unwrap();
    assert!(child.wait().unwrap().success() && output.len() > 100);
}

fn run_step(request: &RunRequest, cancel: &CancelToken) {
    let end = see_through("pass", request, cancel, &mut |_| ());
    assert!(matches!(end, StepEnd::Ended(ending) if ending.verdict == Verdict::Good));
}

fn seconds_to_kill(request: &RunRequest) -> f64 {
    let cancel = CancelToken::new().unwrap();
    let other = cancel.clone();
    let mut wish = None;
    let end = see_through("hang_hard", request, &cancel, &mut |_| {
        // From another thread, and not before the watch sleeps.
        let cancel = other.clone();
        wish = Some(thread::spawn(move || {
            thread::sleep(Duration::from_millis(10));
            let wished = Instant::now();
            cancel.cancel_now("measured");
            wished
        }));
    });
    let ended = Instant::now();
    assert!(matches!(end, StepEnd::Ended(ending) if ending.verdict == Verdict::Abort));
    (ended - wish.unwrap().join().unwrap()).as_secs_f64()
}

fn see_through(
    kind: &str,
    request: &RunRequest,
    cancel: &CancelToken,
    on_message: &mut dyn FnMut(HostMessage),
) -> StepEnd {
    let program = HostProgram::new(env!("CARGO_BIN_EXE_misbehave"));
    let name = kind.parse().unwrap();
    let limit = Duration::from_secs(60);
    let step = Step::new(&program, &name, request, limit, limit);
    StepProcess::spawn(&step).unwrap().run(request, cancel, on_message)
}

fn request(folder: &Path) -> RunRequest {
    let path = folder.to_owned();
    let folders = Folders { output: path.clone(), tmp: path.clone(), state: path };
    let run = format!("bench-{}", std::process::id());
    RunRequest::new(run, "docker/subtests/pass.test_1-of-1", Section::default(), folders)
}
