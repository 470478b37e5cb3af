//! A subtest of the test program's own, which has an engine of its own.

mod own_engine {
    use dockertest::engine::daemon::DaemonOptions;
    use dockertest::prelude::*;

    #[derive(Default)]
    struct OwnEngine;

    impl Subtest for OwnEngine {
        fn run_once(&mut self, ctx: &mut Context) -> Outcome {
            let own = ctx.own_engine(DaemonOptions::new())?;
            own.docker(["version"]).must_pass()?;
            std::fs::write(ctx.output().join("address"), own.address())?;
            Ok(())
        }

        fn needs_engine(&self) -> bool {
            false
        }
    }

    dockertest::subtest!(OwnEngine, "Has an engine of its own.");
}

dockertest::harness!();
