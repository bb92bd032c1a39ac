// SPDX-License-Identifier: GPL-2.0 OR MIT

//! What hangs cost the context that caused them and the client that owns it
//! (`gt/intel_reset.c:mark_guilty`, `client_mark_guilty`).
//!
//! Times are nanoseconds of one clock that never goes back, any of its points being zero.
//! [`ContextHangs`] and [`ClientHangs`] are plain values: the lock that guards whoever
//! holds one guards it.

use super::proto_context::ContextFlags;

/// Added to a client's score when a context of its hangs the GPU soon after another.
const FAST_HANG: u32 = 1;
/// Added when one of its contexts is banned.
const CONTEXT_BAN: u32 = 3;
/// The score from which on a client is banned.
const BANNED: u32 = 9;
const SECOND: u64 = 1_000_000_000;
/// Within which a client's hangs are soon after each other.
const CLIENT_FAST_HANG: u64 = 60 * SECOND;
/// Within which a context's third hang bans it.
const CONTEXT_FAST_HANG: u64 = 120 * SECOND;

/// What a hang means for the context that caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A context that is not bannable: nothing, and nothing for its client.
    Pardoned,
    /// It goes on; its client is told ([`ClientHangs::record`]).
    Warned,
    /// It is banned from the engine: what it has queued there ends with an error, and
    /// submitting more is `EIO`. Its client is told.
    Banned,
}

/// The hangs of a context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContextHangs {
    guilty: u32,
    /// When the last two hangs were, the older one first; `None` for none.
    last: [Option<u64>; 2],
}

impl ContextHangs {
    /// A context that has not hung.
    pub const fn new() -> Self {
        Self {
            guilty: 0,
            last: [None; 2],
        }
    }

    /// The context has hung an engine at `now`. One that is not recoverable is banned at
    /// once, others with their third hang in two minutes.
    pub fn record(&mut self, now: u64, flags: &ContextFlags) -> Verdict {
        self.guilty = self.guilty.wrapping_add(1);
        if !flags.bannable {
            return Verdict::Pardoned;
        }
        let [before_last, last] = self.last;
        self.last = [last, Some(now)];
        let often =
            before_last.is_some_and(|before| now.saturating_sub(before) < CONTEXT_FAST_HANG);
        if often || !flags.recoverable {
            Verdict::Banned
        } else {
            Verdict::Warned
        }
    }

    /// How many hangs it caused, bannable or not: `batch_active` of GET_RESET_STATS.
    pub const fn guilty(&self) -> u32 {
        self.guilty
    }
}

/// The hangs of a client's contexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHangs {
    score: u32,
    /// When the last one was; when the file was opened before there was one.
    last: u64,
}

impl ClientHangs {
    /// A client that opened its file at `now`. A hang soon after that counts as one soon
    /// after another (`i915_gem.c:i915_gem_open`).
    pub const fn opened(now: u64) -> Self {
        Self {
            score: 0,
            last: now,
        }
    }

    /// A bannable context of the client has hung at `now`, and has been banned or not.
    pub fn record(&mut self, now: u64, context_banned: bool) {
        if context_banned {
            self.score = self.score.saturating_add(CONTEXT_BAN);
        }
        if now.saturating_sub(self.last) < CLIENT_FAST_HANG {
            self.score = self.score.saturating_add(FAST_HANG);
        }
        self.last = now;
    }

    /// Whether the client may no longer create contexts
    /// (`gem/i915_gem_context.c:client_is_banned`).
    pub const fn is_banned(&self) -> bool {
        self.score >= BANNED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: ContextFlags = ContextFlags {
        bannable: true,
        recoverable: true,
        persistent: true,
        no_error_capture: false,
    };
    const NOT_BANNABLE: ContextFlags = ContextFlags {
        bannable: false,
        ..DEFAULT
    };
    const NOT_RECOVERABLE: ContextFlags = ContextFlags {
        recoverable: false,
        ..DEFAULT
    };

    // mark_guilty
    #[test]
    fn the_third_hang_in_two_minutes_bans() {
        let mut hangs = ContextHangs::new();
        assert_eq!(hangs.record(1, &DEFAULT), Verdict::Warned);
        assert_eq!(hangs.record(2, &DEFAULT), Verdict::Warned);
        assert_eq!(hangs.record(120 * SECOND, &DEFAULT), Verdict::Banned);
        assert_eq!(hangs.guilty(), 3);
        let mut hangs = ContextHangs::new();
        hangs.record(1, &DEFAULT);
        hangs.record(2, &DEFAULT);
        assert_eq!(hangs.record(120 * SECOND + 1, &DEFAULT), Verdict::Warned);
        // The one at 1 is forgotten, those at 2 and at two minutes count.
        assert_eq!(hangs.record(120 * SECOND + 1, &DEFAULT), Verdict::Banned);
    }

    #[test]
    fn a_context_that_is_not_recoverable_is_banned_at_once_and_one_not_bannable_never() {
        let mut hangs = ContextHangs::new();
        assert_eq!(hangs.record(1, &NOT_RECOVERABLE), Verdict::Banned);
        let neither = ContextFlags {
            bannable: false,
            ..NOT_RECOVERABLE
        };
        let mut hangs = ContextHangs::new();
        for time in 1..=5 {
            assert_eq!(hangs.record(time, &neither), Verdict::Pardoned);
        }
        assert_eq!(hangs.guilty(), 5);
        // Hangs from before it was bannable don't count.
        assert_eq!(hangs.record(6, &DEFAULT), Verdict::Warned);
        assert_eq!(hangs.record(7, &NOT_BANNABLE), Verdict::Pardoned);
        assert_eq!(hangs.record(8, &DEFAULT), Verdict::Warned);
        assert_eq!(hangs.record(9, &DEFAULT), Verdict::Banned);
    }

    // client_mark_guilty, i915_gem_open: hang_timestamp begins as the time of opening.
    #[test]
    fn the_first_hang_is_fast_in_the_first_minute() {
        let mut client = ClientHangs::opened(1000);
        for hang in 1..=8_u64 {
            client.record(1000 + hang, false);
            assert!(!client.is_banned());
        }
        client.record(1009, false);
        assert!(client.is_banned());

        let mut client = ClientHangs::opened(1000);
        for _ in 0..100 {
            let next = client.last + 60 * SECOND;
            client.record(next, false);
        }
        assert!(!client.is_banned());
    }

    #[test]
    fn three_bans_ban_the_client() {
        let mut client = ClientHangs::opened(0);
        client.record(100 * SECOND, true);
        client.record(200 * SECOND, true);
        assert!(!client.is_banned());
        client.record(300 * SECOND, true);
        assert!(client.is_banned());
        // In quick succession two bans are 8 points, and a warning makes it 9.
        let mut client = ClientHangs::opened(0);
        client.record(1, true);
        client.record(2, true);
        assert!(!client.is_banned());
        client.record(3, false);
        assert!(client.is_banned());
    }
}
