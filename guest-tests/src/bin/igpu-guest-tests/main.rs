//! The guest's tests: programs against the uAPI, each of which says which rule it
//! checks. Usual harness options apply (`--list`, `--exact`, a filter, `--skip`); tests
//! run one after the other unless `--test-threads` says otherwise, since some read
//! counters that all share.

mod bad_input;
mod context_model;
mod contexts;
mod endless;
mod engines;
mod exec2;
mod exec2_relocations;
mod exec3;
mod fault_injection;
mod full_rings;
mod hangs;
mod huge_pages;
mod identity;
mod lifecycle;
mod many_contexts;
mod messages;
mod objects;
mod observing;
mod ordering;
mod penalties;
mod persistence;
mod purging;
mod rig;
mod suspend;
mod together;
mod usage;
mod userptr;
mod vm_bind;
mod vm_bind_capture;
mod vm_bind_extensions;
mod vm_bind_model;
mod vm_bind_objects;
mod vm_bind_series;
mod vm_bind_sizes;
mod vm_bind_stress;
mod vm_bind_version_1;
mod wedging;

use libtest_mimic::{Arguments, Trial};

fn main() {
    if vm_bind_stress::was_victim() {
        return;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(1));
    let trials: Vec<Trial> = [
        identity::tests(),
        objects::tests(),
        purging::tests(),
        usage::tests(),
        observing::tests(),
        vm_bind::tests(),
        vm_bind_capture::tests(),
        vm_bind_objects::tests(),
        vm_bind_sizes::tests(),
        vm_bind_extensions::tests(),
        vm_bind_series::tests(),
        vm_bind_model::tests(),
        vm_bind_version_1::tests(),
        exec3::tests(),
        ordering::tests(),
        exec2::tests(),
        exec2_relocations::tests(),
        contexts::tests(),
        context_model::tests(),
        many_contexts::tests(),
        together::tests(),
        userptr::tests(),
        messages::tests(),
        full_rings::tests(),
        bad_input::tests(),
        hangs::tests(),
        penalties::tests(),
        engines::tests(),
        wedging::tests(),
        suspend::tests(),
        persistence::tests(),
        lifecycle::tests(),
        huge_pages::tests(),
        vm_bind_stress::tests(),
        fault_injection::tests(),
    ]
    .into_iter()
    .flatten()
    .collect();
    libtest_mimic::run(&arguments, trials).exit();
}
