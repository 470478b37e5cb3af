//! Waits until it is stopped, with a child, and tidies up.

use std::path::PathBuf;
use std::time::Duration;

use dockertest::prelude::*;

#[derive(Default)]
struct Waits;

fn folder(ctx: &Context) -> PathBuf {
    ctx.section().get("meeting_place").unwrap_or("/tmp").into()
}

impl Subtest for Waits {
    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        let child = std::process::Command::new("sleep").arg("1000").spawn()?;
        let told = folder(ctx).join("waiting");
        std::fs::write(told.with_extension("new"), format!("{} {}", std::process::id(), child.id()))?;
        std::fs::rename(told.with_extension("new"), told)?;
        // That it is to stop is only seen by whoever looks.
        loop {
            ctx.checkpoint()?;
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn cleanup(&mut self, ctx: &mut Context) -> Outcome {
        std::fs::write(folder(ctx).join("tidied"), "")?;
        Ok(())
    }

    fn needs_engine(&self) -> bool {
        false
    }
}

dockertest::subtest!(Waits, "Waits until it is stopped.");
