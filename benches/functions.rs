//! The functions that a run spends its time in: `cargo bench -p benches`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::path::Path;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dockertest::config::{Layers, Source};
use dockertest::journal::{self, Event, FILE_NAME, Record, Sink, Writer};
use dockertest::report::{self, Format};
use tempfile::TempDir;

use benches::{configurations, journals};

/// In memory where there is such a folder, so that the disk is not measured.
fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

fn config(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("config");
    for sections in [200, 10_000] {
        let folder = folder();
        configurations::write(folder.path(), sections).unwrap();
        let load = |path: &Path| {
            let layers = Layers::new().defaults(Source::Folder(path.join("defaults")));
            layers.custom(Source::Folder(path.join("custom"))).load().unwrap()
        };
        group.sample_size(20).throughput(Throughput::Elements(sections.into()));
        group.bench_function(BenchmarkId::new("load", sections), |b| b.iter(|| load(folder.path())));
        let loaded = load(folder.path());
        group.bench_function(BenchmarkId::new("visit", sections), |b| {
            b.iter(|| {
                let mut bytes = 0;
                loaded.visit(|_, _, value| bytes += value.len());
                bytes
            });
        });
    }
}

/// Takes everything and does nothing.
struct Deaf;

impl Sink for Deaf {
    fn record(&mut self, _record: &Record) -> std::io::Result<()> {
        Ok(())
    }
}

fn journal_writing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal");
    let events = journals::events(1, 1).unwrap().split_off(2);
    let folder = folder();
    let mut number = 0;
    let mut writer = |sinks| {
        number += 1;
        Writer::create(&folder.path().join(number.to_string()), sinks).unwrap()
    };
    let appending = writer(Vec::new());
    group.throughput(Throughput::Elements(events.len() as u64));
    group.bench_function("append", |b| {
        b.iter_batched(
            || events.clone(),
            |events| events.into_iter().for_each(|e| appending.append(e)),
            BatchSize::SmallInput,
        );
    });
    let committing = writer(vec![Box::new(Deaf)]);
    group.bench_function("commit", |b| {
        b.iter_batched(|| events.clone(), |events| committing.commit(events).wait().unwrap(), BatchSize::SmallInput);
    });
}

fn journal_reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("journal");
    let steps = 2000;
    let folder = folder();
    let events: Vec<Event> = journals::events(steps, steps).unwrap();
    group.sample_size(20).throughput(Throughput::Elements(events.len() as u64));
    journals::write(folder.path(), events).unwrap();
    group.bench_function("read", |b| b.iter(|| journal::read(&folder.path().join(FILE_NAME)).unwrap()));
}

fn reports(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("report of 1000");
    let folder = folder();
    journals::write(folder.path(), journals::events(1000, 1000).unwrap()).unwrap();
    for format in Format::ALL.iter().copied() {
        group.sample_size(20).bench_function(format.as_str(), |b| {
            b.iter(|| report::write(folder.path(), format, &mut std::io::sink()).unwrap());
        });
    }
}

criterion_group!(benches, config, journal_writing, journal_reading, reports);
criterion_main!(benches);
