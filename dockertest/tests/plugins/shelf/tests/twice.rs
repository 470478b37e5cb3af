//! A harness with a subtest whose name the library has, too.

mod shelf {
    mod passes {
        use dockertest::prelude::*;

        #[derive(Default)]
        struct Passes;

        impl Subtest for Passes {}

        dockertest::subtest!(Passes, "Has a name that is taken.");
    }
}

dockertest::harness!(shelf_subtests);
