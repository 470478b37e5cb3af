//! Two subtests that pass only when they run at the same time.

pub mod one;
pub mod other;

use std::time::{Duration, Instant};

use dockertest::prelude::*;

/// Longer than it takes to start a test.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says that it is there, and waits for the other one.
fn meet(ctx: &Context, own: &str, other: &str) -> Outcome {
    let folder = std::path::Path::new(ctx.section().get("meeting_place").unwrap_or("/tmp"));
    std::fs::write(folder.join(own), "")?;
    let begun = Instant::now();
    while !folder.join(other).exists() {
        ctx.checkpoint()?;
        check!(begun.elapsed() < PATIENCE, "{other} has come");
        // The other one is another program, and tells it by a file only.
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
