//! Compute shaders through a Vulkan driver: each test runs one and holds every value that it
//! writes against plain Rust. Usual harness options apply (`--list`, `--exact`, a filter,
//! `--skip`); tests run one after the other.
//!
//! `IGPU_VULKAN_DEVICE` in the environment names the device to take, by a part of its name;
//! without it the first is taken that is no processor.

mod gpu;
mod shaders;
mod suite;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use gpu::{Gpu, Host, Outcome, Rig};
use libtest_mimic::{Arguments, Trial};
use suite::Test;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    if shaders::SHADERS.is_empty() {
        eprintln!("igpu-vulkan-tests was built where there is no glslc: it has no shaders");
        return ExitCode::FAILURE;
    }
    let wanted = std::env::var("IGPU_VULKAN_DEVICE").ok();
    let host = match Host::open(wanted.as_deref()) {
        // The driver's threads and the trials live to the program's end.
        Ok(host) => &*Box::leak(Box::new(host)),
        Err(error) => {
            eprintln!("{}", error.message().unwrap_or("there is no Vulkan device"));
            return ExitCode::FAILURE;
        }
    };
    eprintln!("{}", host.offers.name);
    let shelf = Arc::new(Shelf::default());
    let mut trials = Vec::new();
    for test in suite::all(&host.offers, &|format| host.format(format)) {
        let test = Arc::new(test);
        trials.push(trial(&test, true, host, &shelf));
        if test.plain {
            trials.push(trial(&test, false, host, &shelf));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(test: &Arc<Test>, fast: bool, host: &'static Host, shelf: &Arc<Shelf>) -> Trial {
    let name = match fast {
        true => test.name.clone(),
        false => format!("{}::plain", test.name),
    };
    let (there, test, shelf) = (test.there, Arc::clone(test), Arc::clone(shelf));
    Trial::test(name, move || {
        let gpu = shelf.take(host, test.robust)?;
        let rig = Rig::new(&gpu, fast)?;
        let outcome = (test.run)(&rig);
        drop(rig);
        if outcome.is_ok() {
            shelf.put(test.robust, gpu);
        }
        outcome
    })
    .with_ignored_flag(!there)
}

/// Devices from one test to the next: one after which a test failed is not used again.
#[derive(Default)]
struct Shelf([Mutex<Option<Gpu<'static>>>; 2]);

impl Shelf {
    fn take(&self, host: &'static Host, robust: bool) -> Outcome<Gpu<'static>> {
        let mut place = self.0[usize::from(robust)]
            .lock()
            .map_err(|e| e.to_string())?;
        match place.take() {
            Some(gpu) => Ok(gpu),
            None => Gpu::open(host, robust),
        }
    }

    fn put(&self, robust: bool, gpu: Gpu<'static>) {
        if let Ok(mut place) = self.0[usize::from(robust)].lock() {
            *place = Some(gpu);
        }
    }
}
