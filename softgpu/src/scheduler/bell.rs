//! How an engine is woken. Rung under the scheduler's lock only, so that nobody who looks
//! under the lock before going to sleep misses it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, MutexGuard};

/// Wakes one sleeper.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: AtomicBool,
    sleeper: Condvar,
}

impl Bell {
    /// Wakes who sleeps.
    pub(crate) fn ring(&self) {
        self.rung.store(true, Ordering::Release);
        self.sleeper.notify_one();
    }

    /// Forgets what was rung before: whoever calls this, with the lock, has seen all there
    /// is to see.
    pub(crate) fn silence(&self) {
        self.rung.store(false, Ordering::Relaxed);
    }

    /// Whether it was rung since it was silenced.
    pub(crate) fn is_rung(&self) -> bool {
        self.rung.load(Ordering::Acquire)
    }

    /// Sleeps until it is rung or that moment has come. With `spin`, looks for so long
    /// without the lock and without sleeping first.
    pub(crate) fn wait<T>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        until: Option<Instant>,
        spin: Duration,
    ) {
        self.silence();
        if !spin.is_zero() {
            let rung = MutexGuard::unlocked(guard, || self.look_out(until, spin));
            if rung || self.is_rung() {
                return;
            }
        }
        match until {
            None => self.sleeper.wait(guard),
            Some(until) => {
                self.sleeper.wait_until(guard, until);
            }
        }
    }

    fn look_out(&self, until: Option<Instant>, spin: Duration) -> bool {
        let start = Instant::now();
        let end = start + spin;
        let end = until.map_or(end, |until| until.min(end));
        loop {
            for _ in 0..64 {
                if self.is_rung() {
                    return true;
                }
                std::hint::spin_loop();
            }
            if Instant::now() >= end {
                return false;
            }
        }
    }
}
