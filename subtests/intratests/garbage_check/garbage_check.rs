//! Looks after every subtest for what it left over, blames it, and removes what is ours.
//!
//! What is there is compared by id with what was there before: containers, names of images, images without a name,
//! volumes, networks, mount points and processes, each in a sub-subtest. That takes four requests to the engine and a
//! look at `/proc`. The first look is taken at the run's start, by the pretest `docker_test_images`; without it, the first
//! check knows garbage by its labels only.
//!
//! **What is garbage.** Something new that bears the labels of this run (containers, images, volumes and networks that
//! subtests make have them), that the step has promised to remove (its file `objects.jsonl`), that is mounted below the
//! results, or that is a process of the step. Whatever else is new belongs to somebody else who uses the engine: it is
//! mentioned in the log and stays. Set `engine_is_ours` where nobody else does: then everything new is garbage.
//!
//! The test image, the images of `docker_test_images`, and what `preserve_cnames` and `preserve_fqins` name are never
//! garbage; nor is what was made while `remove_after_test` was off.
//!
//! The verdict is that of the check, not of the step that is blamed: FAIL when something was left over
//! (`fail_on_garbage`) or cannot be removed (`fail_on_unremoved`), else WARN.
//!
//! Docker and podman are alike here. Podman starts a process `conmon` for each container, docker a `containerd-shim`;
//! those whose container is gone are found as processes.

mod whose;

use std::collections::BTreeMap;

use dockertest::config::types;
use dockertest::engine::inventory::{Inventory, Item, Sort, remove};
use dockertest::outcome::Evidence;
use dockertest::prelude::*;
use serde::Deserialize;

use crate::protected;
use whose::Whose;

/// The sorts in the order in which they are looked at: what uses something else comes first.
const SORTS: [Sort; 7] =
    [Sort::Processes, Sort::Mounts, Sort::Containers, Sort::Images, Sort::Nones, Sort::Volumes, Sort::Networks];

/// The options of the section `[garbage_check]`.
#[derive(Debug, Clone, Deserialize)]
struct Options {
    #[serde(with = "types::flag")]
    remove_garbage: bool,
    #[serde(with = "types::flag")]
    fail_on_unremoved: bool,
    #[serde(with = "types::flag")]
    fail_on_garbage: bool,
}

#[derive(Default)]
struct GarbageCheck {
    before: Option<Inventory>,
    now: Inventory,
    whose: Whose,
    blamed: String,
}

impl Subtest for GarbageCheck {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        protected::needs_an_engine(ctx)?;
        let history = ctx.history();
        self.blamed = history.previous.clone().unwrap_or_else(|| "what ran before".to_owned());
        self.before = Inventory::kept(history)?;
        let place = ctx.place().ok();
        self.now = Inventory::take(&*ctx.api()?, place.as_ref(), history)?;
        self.whose = Whose::read(ctx)?;
        Ok(())
    }

    fn cleanup(&mut self, ctx: &mut Context) -> Outcome {
        // What was there when this step began but could not be looked at is not forgotten.
        if self.now != Inventory::default() {
            self.now.keep(ctx.history())?;
        }
        Ok(())
    }
}

/// What is told of something that was left over: the step that left it, and the thing.
type Told = (String, String);

/// Looks at one sort, by its place in [`SORTS`].
#[derive(Default)]
struct Left<const SORT: usize>;

impl<const SORT: usize> SubSubtest<GarbageCheck> for Left<SORT> {
    fn run_once(&mut self, check: &mut GarbageCheck, ctx: &mut Context) -> Outcome {
        let sort = SORTS[SORT];
        let options: Options = ctx.config()?;
        let garbage = check.garbage(ctx, sort)?;
        let mut stays = Vec::new();
        if options.remove_garbage {
            for item in &garbage {
                match remove(&*ctx.api()?, sort, item) {
                    Ok(()) => check.now.forget(sort, &item.id),
                    Err(failure) => {
                        stays.push((
                            check.step_of(item),
                            format!("{sort} {item} cannot be removed: {}", failure.reason()),
                        ));
                    }
                }
            }
        }
        if !stays.is_empty() {
            let help = "remove it by hand; the next check takes it as known";
            return Err(check.found(&stays, options.fail_on_unremoved, help));
        }
        if garbage.is_empty() {
            return Ok(());
        }
        let list: Vec<Told> = garbage.iter().map(|item| (check.step_of(item), format!("{sort} {item}"))).collect();
        let help = "the step's log and its objects.jsonl tell what it made and removed";
        Err(check.found(&list, options.fail_on_garbage, help))
    }
}

impl GarbageCheck {
    /// What is new and ours. What is new and not ours is mentioned.
    fn garbage(&self, ctx: &Context, sort: Sort) -> Outcome<Vec<Item>> {
        let new = match &self.before {
            Some(before) => self.now.since(before, sort),
            // Nobody knows what was there.
            None => self.now.of(sort).iter().filter(|item| item.run.is_some()).cloned().collect(),
        };
        let mut garbage = Vec::new();
        for item in new {
            if self.whose.is_preserved(sort, &item) || item.kept {
                ctx.debug(format!("{sort} {item} is to stay"));
            } else if self.whose.is_ours(sort, &item) {
                ctx.warning(format!("{} left the {sort} {item}", self.step_of(&item)));
                garbage.push(item);
            } else {
                let blamed = &self.blamed;
                ctx.info(format!("the {sort} {item} appeared during {blamed}; it is not known as ours and stays"));
            }
        }
        Ok(garbage)
    }

    /// The step that made something, by its label; without one, the step before.
    fn step_of(&self, item: &Item) -> String {
        item.step.clone().unwrap_or_else(|| self.blamed.clone())
    }

    fn found(&self, list: &[Told], is_failure: bool, help: &str) -> Failure {
        let mut steps: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (step, left) in list {
            steps.entry(step).or_default().push(left);
        }
        let told = |(step, left): (&&str, &Vec<&str>)| format!("{step} left something over: {}", left.join(", "));
        let reason = steps.iter().map(told).collect::<Vec<_>>().join("; ");
        if !is_failure {
            return Attention::because(reason).into();
        }
        let evidence = Evidence {
            expected: Some("nothing of this run's in the engine after the step".to_owned()),
            seen: Some(list.iter().map(|(_, left)| left.as_str()).collect::<Vec<_>>().join("\n")),
            help: Some(help.to_owned()),
            ..Evidence::default()
        };
        CheckFailed::new(reason, evidence).into()
    }
}

dockertest::subtest!(
    GarbageCheck,
    "Looks after every subtest for what it left over, and removes it.",
    sequential {
        processes: Left<0>,
        mounts: Left<1>,
        containers: Left<2>,
        images: Left<3>,
        nones: Left<4>,
        volumes: Left<5>,
        networks: Left<6>,
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_blamed_for_its_own() {
        let check = GarbageCheck { blamed: "kill.test_2-of-2".to_owned(), ..GarbageCheck::default() };
        let item = |name: &str, step: Option<&str>| Item {
            name: name.to_owned(),
            step: step.map(str::to_owned),
            ..Item::default()
        };
        let left = [item("a", None), item("b", Some("cp.test_1-of-2")), item("c", Some("kill.test_2-of-2"))];
        let told: Vec<Told> = left.iter().map(|item| (check.step_of(item), format!("container {item}"))).collect();
        assert_eq!(
            check.found(&told, true, "").reason(),
            "cp.test_1-of-2 left something over: container b; \
             kill.test_2-of-2 left something over: container a, container c"
        );
        assert_eq!(check.found(&told[..1], false, "").reason(), "kill.test_2-of-2 left something over: container a");
    }
}
