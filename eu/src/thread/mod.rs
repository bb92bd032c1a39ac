//! A thread of an EU: its registers and what its instructions do with them. May know
//! instructions, and messages only as bytes that leave and come back.
