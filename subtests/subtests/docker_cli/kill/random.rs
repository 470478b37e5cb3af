//! A series of random signals, each of which must be reported before the next one is sent.

use dockertest::prelude::*;

use super::Kill;
use super::options::Options;
use super::play::{finish, send, sequence};
use super::signals::{CONT, KILL, STOP};
use super::target::Target;

#[derive(Default)]
pub(super) struct Random;

impl SubSubtest<Kill> for Random {
    fn run_once(&mut self, parent: &mut Kill, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let sequence = sequence(ctx, &options)?;
        let mut target = Target::start(ctx, &options)?;
        let mut sent = Vec::new();
        // What was sent to a stopped container is reported when it continues; nobody knows in which order.
        let mut waiting: Option<Vec<i32>> = None;
        let mut command = String::new();
        for sending in sequence.0.iter().filter(|sending| sending.number != KILL) {
            let mark = target.client.mark();
            command = send(ctx, &options, &target, *sending)?;
            match (sending.number, &mut waiting) {
                (STOP, None) => waiting = Some(Vec::new()),
                (STOP, Some(_)) => {}
                (CONT, pending) => {
                    for number in pending.take().unwrap_or_default().into_iter().chain([CONT]) {
                        target.wait_reported(&mark, number, &command)?;
                    }
                    // From here on the order is known again.
                    target.start = target.client.mark();
                    sent.clear();
                }
                (number, Some(pending)) => pending.push(number),
                (number, None) => {
                    target.wait_reported(&mark, number, &command)?;
                    sent.push(number);
                }
            }
        }
        if waiting.is_none() {
            target.must_have_reported(&sent, &command)?;
        }
        target.must_go_on(&command)?;
        finish(ctx, &options, target, &sequence)?;
        parent.check_bystander(&command)
    }
}
