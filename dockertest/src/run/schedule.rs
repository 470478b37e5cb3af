//! Which steps are run next: by whoever is free, in the order of the plan or the longest first, and never beside what
//! must not be beside them.
//!
//! What is handed out is a block: steps that one worker runs one after the other in one instance. A subtest and the
//! intratests after it are one; all pretests are, and all posttests; so are the subtests of a group.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::journal::PlannedStep;
use crate::name::{Kind, StepId};

use super::progress::StepState;

/// What is told of steps beyond the plan.
#[derive(Debug, Default)]
pub(super) struct Demands {
    /// The group of a step, if it is in one, by index.
    pub(super) groups: BTreeMap<usize, String>,
    /// Steps beside which nothing else may run, by index.
    pub(super) alone: Vec<usize>,
    /// How long subtests took before, by name.
    pub(super) durations: BTreeMap<String, Duration>,
}

/// Steps that are run one after the other in one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) steps: Vec<StepId>,
    /// Pretests, then subtests, then posttests.
    stage: u8,
    alone: bool,
    /// Whether something is to be run that is not decided beforehand.
    needs_instance: bool,
    state: BlockState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BlockState {
    Waiting,
    Running,
    Done,
}

/// What somebody who is free is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// These steps, by the block's number.
    Block(usize, Vec<StepId>),
    /// Nothing yet: what is left has to wait for what is running.
    Wait,
    /// Nothing: all that is left is being run.
    Nothing,
}

/// The blocks of a run, in the order in which they are handed out.
#[derive(Debug)]
pub(super) struct Schedule(Vec<Block>);

impl Schedule {
    /// Nothing to do.
    pub(super) fn empty() -> Schedule {
        Schedule(Vec::new())
    }

    /// Makes blocks of steps. What has begun comes first. With one worker and instances that are used again, the order is
    /// that of the plan.
    pub(super) fn new(steps: &[PlannedStep], demands: &Demands, states: &[StepState], is_serial: bool) -> Schedule {
        let mut blocks = blocks(steps, if is_serial { None } else { Some(&demands.groups) });
        let is = |id: &StepId, wanted: fn(&StepState) -> bool| states.get(id.index()).is_some_and(wanted);
        for block in &mut blocks {
            block.alone = block.steps.iter().any(|id| demands.alone.contains(&id.index()));
            if block.steps.iter().all(|id| is(id, |state| *state == StepState::Ended)) {
                block.state = BlockState::Done;
            }
            let needs = |id: &StepId| steps.get(id.index()).is_some_and(|step| step.preset.is_none());
            block.needs_instance = block.state == BlockState::Waiting && block.steps.iter().any(needs);
        }
        if !is_serial {
            let estimates = estimates(&blocks, steps, &demands.durations);
            let mut ordered: Vec<_> = blocks.into_iter().zip(estimates).collect();
            // What is alone comes last, when nobody else is held up by it.
            ordered.sort_by_key(|(block, estimate)| {
                let has_begun = block.steps.iter().any(|id| is(id, |state| *state != StepState::Waiting));
                (block.stage, block.alone, !has_begun, std::cmp::Reverse(*estimate))
            });
            blocks = ordered.into_iter().map(|(block, _)| block).collect();
        }
        Schedule(blocks)
    }

    /// Takes the next block, if there is one that may run beside what is running.
    pub(super) fn next(&mut self) -> Next {
        let Some(stage) = self.0.iter().filter(|block| block.state != BlockState::Done).map(|block| block.stage).min()
        else {
            return Next::Nothing;
        };
        let running = |block: &&Block| block.state == BlockState::Running;
        let (some_run, alone_runs) =
            (self.0.iter().any(|block| running(&block)), self.0.iter().filter(running).any(|block| block.alone));
        let may_run = |block: &Block| !alone_runs && (!block.alone || !some_run);
        let is_waiting = |block: &Block| block.state == BlockState::Waiting;
        let found = self
            .0
            .iter_mut()
            .enumerate()
            .find(|(_, block)| is_waiting(block) && block.stage == stage && may_run(block));
        if let Some((number, block)) = found {
            block.state = BlockState::Running;
            return Next::Block(number, block.steps.clone());
        }
        if self.0.iter().any(is_waiting) { Next::Wait } else { Next::Nothing }
    }

    /// A block has been run.
    pub(super) fn done(&mut self, number: usize) {
        self.set(number, BlockState::Done);
    }

    /// A block that was taken has not been run to its end, and somebody else may.
    pub(super) fn give_back(&mut self, number: usize) {
        self.set(number, BlockState::Waiting);
    }

    fn set(&mut self, number: usize, state: BlockState) {
        if let Some(block) = self.0.get_mut(number) {
            block.state = state;
        }
    }

    /// How many blocks nobody has taken that need an instance.
    pub(super) fn waiting(&self) -> usize {
        self.0.iter().filter(|block| block.state == BlockState::Waiting && block.needs_instance).count()
    }

    /// How many blocks of one stage can run side by side at most; 0 if no instance is needed for anything.
    pub(super) fn width(&self) -> usize {
        let mut beside: HashMap<u8, usize> = HashMap::new();
        for block in self.0.iter().filter(|block| block.needs_instance && !block.alone) {
            *beside.entry(block.stage).or_default() += 1;
        }
        let some = usize::from(self.0.iter().any(|block| block.needs_instance));
        beside.into_values().max().unwrap_or_default().max(some)
    }
}

/// Cuts the plan into blocks. Without groups, none are put together.
fn blocks(steps: &[PlannedStep], groups: Option<&BTreeMap<usize, String>>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut of_group: HashMap<&str, usize> = HashMap::new();
    // Where intratests go.
    let mut last: Option<usize> = None;
    for (step, index) in steps.iter().zip(0..) {
        let stage = match step.kind {
            Kind::Pretest => 0,
            Kind::Subtest | Kind::Intratest => 1,
            Kind::Posttest => 2,
        };
        let joined = match step.kind {
            Kind::Pretest | Kind::Posttest => blocks.len().checked_sub(1).filter(|last| blocks[*last].stage == stage),
            Kind::Intratest => last,
            Kind::Subtest => {
                let group = groups.and_then(|groups| groups.get(&(index as usize)));
                let number = group.map(|group| *of_group.entry(group).or_insert(blocks.len()));
                number.filter(|number| *number < blocks.len())
            }
        };
        let number = joined.unwrap_or(blocks.len());
        if joined.is_none() {
            blocks.push(Block {
                steps: Vec::new(),
                stage,
                alone: false,
                needs_instance: true,
                state: BlockState::Waiting,
            });
        }
        blocks[number].steps.push(StepId(index));
        last = (step.kind == Kind::Subtest || step.kind == Kind::Intratest && last.is_some()).then_some(number);
    }
    blocks
}

/// How long each block will take, as far as somebody knows: one that nobody knows of takes as long as most.
fn estimates(blocks: &[Block], steps: &[PlannedStep], durations: &BTreeMap<String, Duration>) -> Vec<Duration> {
    let mut known: Vec<Duration> = durations.values().copied().collect();
    known.sort_unstable();
    let usual = known.get(known.len() / 2).copied().unwrap_or_default();
    let of_step = |id: &StepId| match steps.get(id.index()) {
        Some(step) if step.preset.is_some() => Duration::ZERO,
        Some(step) => durations.get(step.name.as_str()).copied().unwrap_or(usual),
        None => Duration::ZERO,
    };
    blocks.iter().map(|block| block.steps.iter().map(of_step).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(names: &str) -> Vec<PlannedStep> {
        let step = |name: &str| {
            let (kind, name) = match name.split_once('-') {
                Some(("pre", name)) => (Kind::Pretest, name),
                Some(("intra", name)) => (Kind::Intratest, name),
                Some(("post", name)) => (Kind::Posttest, name),
                _ => (Kind::Subtest, name),
            };
            PlannedStep::new(kind, name.parse().unwrap(), "test_1-of-1")
        };
        names.split_whitespace().map(step).collect()
    }

    fn schedule(names: &str, demands: &Demands) -> Schedule {
        let steps = steps(names);
        let states = vec![StepState::Waiting; steps.len()];
        Schedule::new(&steps, demands, &states, false)
    }

    fn numbers(next: &Next) -> Vec<u32> {
        let Next::Block(_, steps) = next else { panic!("{next:?}") };
        steps.iter().map(|id| id.0).collect()
    }

    fn seconds(durations: &[(&str, u64)]) -> BTreeMap<String, Duration> {
        durations.iter().map(|(name, seconds)| ((*name).to_owned(), Duration::from_secs(*seconds))).collect()
    }

    #[test]
    fn stages_wait_for_each_other_and_intratests_stay_with_their_subtest() {
        let mut schedule = schedule("pre-p pre-q a intra-i intra-j b intra-i intra-j post-z", &Demands::default());
        assert_eq!(schedule.width(), 2);
        assert_eq!(numbers(&schedule.next()), [0, 1]);
        assert_eq!(schedule.next(), Next::Wait);
        schedule.done(0);
        assert_eq!(numbers(&schedule.next()), [2, 3, 4]);
        assert_eq!(numbers(&schedule.next()), [5, 6, 7]);
        assert_eq!((schedule.next(), schedule.waiting()), (Next::Wait, 1));
        schedule.done(2);
        schedule.done(1);
        assert_eq!(numbers(&schedule.next()), [8]);
        assert_eq!(schedule.next(), Next::Nothing);
    }

    #[test]
    fn intratests_without_a_subtest_are_blocks_of_their_own() {
        let mut schedule = schedule("intra-i intra-j", &Demands::default());
        assert_eq!((numbers(&schedule.next()), numbers(&schedule.next())), (vec![0], vec![1]));
    }

    #[test]
    fn the_longest_comes_first_and_the_unknown_is_usual() {
        let durations = seconds(&[("a", 1), ("b", 5), ("c", 3)]);
        let mut schedule = schedule("a unknown b c", &Demands { durations, ..Demands::default() });
        let order: Vec<_> = (0..4).flat_map(|_| numbers(&schedule.next())).collect();
        assert_eq!(order, [2, 1, 3, 0]);
    }

    #[test]
    fn nothing_runs_beside_what_is_alone() {
        let mut schedule = schedule("a b c", &Demands { alone: vec![0], ..Demands::default() });
        assert_eq!((numbers(&schedule.next()), numbers(&schedule.next())), (vec![1], vec![2]));
        assert_eq!(schedule.next(), Next::Wait);
        schedule.done(0);
        assert_eq!(schedule.next(), Next::Wait);
        schedule.done(1);
        assert_eq!(numbers(&schedule.next()), [0]);
        assert_eq!(schedule.next(), Next::Nothing);
    }

    #[test]
    fn a_group_is_one_block_where_its_first_member_is() {
        let groups = BTreeMap::from([(0, "g".to_owned()), (4, "g".to_owned())]);
        let mut schedule = schedule("a intra-i b intra-i c intra-i", &Demands { groups, ..Demands::default() });
        assert_eq!(numbers(&schedule.next()), [0, 1, 4, 5]);
        assert_eq!(numbers(&schedule.next()), [2, 3]);
    }

    #[test]
    fn what_was_given_back_is_handed_out_again_and_what_has_begun_comes_first() {
        let states = [StepState::Waiting, StepState::Running(Box::default()), StepState::Ended];
        let mut schedule = Schedule::new(&steps("a b c"), &Demands::default(), &states, false);
        assert_eq!(numbers(&schedule.next()), [1]);
        schedule.give_back(0);
        assert_eq!(numbers(&schedule.next()), [1]);
        schedule.done(0);
        assert_eq!((numbers(&schedule.next()), schedule.next()), (vec![0], Next::Nothing));
    }

    #[test]
    fn one_worker_keeps_to_the_plan() {
        let groups = BTreeMap::from([(0, "g".to_owned()), (2, "g".to_owned())]);
        let demands = Demands { groups, alone: vec![0], durations: seconds(&[("c", 9)]) };
        let mut schedule = Schedule::new(&steps("a b c"), &demands, &[const { StepState::Waiting }; 3], true);
        let order: Vec<_> = (0..3).flat_map(|number| (numbers(&schedule.next()), schedule.done(number)).0).collect();
        assert_eq!(order, [0, 1, 2]);
    }
}
