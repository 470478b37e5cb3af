//! How much may be written.

use std::time::{Duration, Instant};

use dockertest::prelude::*;
use dockertest::verdict::Verdict;

#[derive(Default)]
struct DiskQuota {
    limit: u32,
}

impl Subtest for DiskQuota {
    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        let limit = ctx.section().get("limit_mb").and_then(|limit| limit.parse().ok());
        self.limit = limit.ok_or_else(|| Failure::new(Verdict::Error, "`limit_mb` is no number"))?;
        Ok(())
    }

    fn needs_engine(&self) -> bool {
        false
    }
}

/// The limit is kept.
#[derive(Default)]
struct Kept;

impl SubSubtest<DiskQuota> for Kept {
    fn run_once(&mut self, parent: &mut DiskQuota, ctx: &mut Context) -> Outcome {
        let text = std::fs::read_to_string(ctx.bindir()?.join("quota.txt"))?;
        ctx.info(format!("the limit is {} MB; {}", parent.limit, text.trim()));
        check!(parent.limit < 100, "the limit is below 100 MB");
        Ok(())
    }
}

/// Ends as its option says.
#[derive(Default)]
struct Ends;

impl SubSubtest<DiskQuota> for Ends {
    fn run_once(&mut self, _: &mut DiskQuota, ctx: &mut Context) -> Outcome {
        match ctx.section().get("how").unwrap_or_default() {
            "panic" => panic!("as it was told"),
            "abort" => std::process::abort(),
            "wait" => wait(ctx, None),
            "take_a_second" => wait(ctx, Some(Duration::from_secs(1))),
            _ => Ok(()),
        }
    }
}

/// Takes its time, and stops when it is asked to.
fn wait(ctx: &Context, limit: Option<Duration>) -> Outcome {
    let begun = Instant::now();
    while limit.is_none_or(|limit| begun.elapsed() < limit) {
        ctx.checkpoint()?;
        // Time is what it takes; that it is to stop is only seen by whoever looks.
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

dockertest::subtest!(DiskQuota, "Checks that the quota of a volume holds.", sequential { kept: Kept, ends: Ends });
dockertest::defaults!("disk_quota.ini");
dockertest::fault!("faults/no_limit.sh");
dockertest::content!("quota.txt");
