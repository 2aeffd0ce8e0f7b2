// The simulated engine with clock, AXI4 memory and AXI4-Lite host, behind C functions for Python's ctypes.
//
// In each cycle `drive` sets inputs from what was known at its start, the design settles, `take` notes
// handshakes and sets no input, and the clock rises. A channel of AXI that pauses holds back a new offer or its ready signal; an
// offer, once made, stays until it is taken.

#include "Vengine.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr uint32_t kBeatBytes = 8, kBoundary = 4096, kOkay = 0, kSlaveError = 2;
constexpr size_t kOutstanding = 16;
constexpr uint64_t kAnswerCycles = 100000;
constexpr uint64_t kPollCycles = 64;

// True in about `share` of the calls (xorshift64, Marsaglia 2003).
class Pauses {
 public:
  void set(double share, uint64_t seed) {
    limit_ = static_cast<uint64_t>(share * 4294967296.0);
    state_ = seed * 0x9E3779B97F4A7C15u + 1;
  }
  bool operator()() {
    if (!limit_) return false;
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return (state_ >> 32) < limit_;
  }

 private:
  uint64_t limit_ = 0, state_ = 1;
};

// Bytes, of which the master may reach some ranges; other addresses are answered SLVERR.
struct Memory {
  using Ranges = std::vector<std::pair<uint64_t, uint64_t>>;
  uint8_t* bytes = nullptr;
  Ranges reads, writes;
  static bool holds(const Ranges& ranges, uint64_t address) {
    for (const auto& [first, end] : ranges)
      if (first <= address && address + kBeatBytes <= end) return true;
    return false;
  }
};

struct Burst {
  uint64_t address;
  uint32_t beats;
  uint64_t ready;  // the first cycle in which it may be answered
};

struct Bench {
  VerilatedContext context;
  Vengine dut{&context};
  Memory memory;
  Pauses pauses;
  uint64_t now = 0;
  uint64_t read_latency = 1, write_latency = 1;  // idle cycles between a request and its answer
  std::string violation;

  // AXI4, read
  std::deque<Burst> reads;
  uint32_t read_beat = 0;
  bool read_offered = false;
  // AXI4, write: addresses, data and answers that are under way
  struct Beat {
    uint64_t data;
    uint8_t strobes;
    bool last;
  };
  struct Answer {
    uint32_t response;
    uint64_t ready;
  };
  std::deque<Burst> writes;
  std::deque<Beat> data;
  std::deque<Answer> answers;
  uint32_t write_beat = 0, write_response = kOkay;
  bool answer_offered = false;
  // AXI4-Lite: what the host has to offer, and whether it waits for an answer
  struct Offer {
    bool wanted = false, made = false;
    bool drive(Pauses& pauses) { return made = made || (wanted && !pauses()); }
    void take(bool ready) {
      if (made && ready) wanted = made = false;
    }
  };
  Offer address, word, query;
  bool await_write = false, await_read = false;
  uint32_t response = kOkay, value = 0;

#if VM_TRACE
  std::unique_ptr<VerilatedVcdC> trace;
  Bench() { context.traceEverOn(true); }
  void dump(uint64_t time) {
    if (trace) trace->dump(time);
  }
#else
  void dump(uint64_t) {}
#endif

  void cycle() {
    drive_reads();
    drive_writes();
    drive_host();
    dut.clk = 0;
    dut.eval();
    dump(2 * now);
    take_reads();
    take_writes();
    take_host();
    dut.clk = 1;
    dut.eval();
    dump(2 * now + 1);
    ++now;
  }

  void reset() {
    dut.rst = 1;
    for (int i = 0; i < 4; ++i) cycle();
    dut.rst = 0;
    reads.clear();
    writes.clear();
    data.clear();
    answers.clear();
    read_beat = write_beat = 0;
    read_offered = answer_offered = false;
  }

  void drive_reads() {
    dut.m_axi_arready = reads.size() < kOutstanding && !pauses();
    if (!read_offered && !reads.empty() && reads.front().ready <= now && !pauses()) offer_read();
    dut.m_axi_rvalid = read_offered;
  }

  void offer_read() {
    const Burst& burst = reads.front();
    uint64_t from = burst.address + uint64_t(read_beat) * kBeatBytes, bits = 0;
    bool held = Memory::holds(memory.reads, from);
    if (held) std::memcpy(&bits, memory.bytes + from, kBeatBytes);
    dut.m_axi_rdata = bits;
    dut.m_axi_rresp = held ? kOkay : kSlaveError;
    dut.m_axi_rlast = read_beat + 1 == burst.beats;
    read_offered = true;
  }

  void take_reads() {
    if (dut.m_axi_arvalid && dut.m_axi_arready) {
      reads.push_back({dut.m_axi_araddr, dut.m_axi_arlen + 1u, now + 1 + read_latency});
      check("read", reads.back(), dut.m_axi_arsize, dut.m_axi_arburst);
    }
    if (!read_offered || !dut.m_axi_rready) return;
    read_offered = false;
    if (++read_beat < reads.front().beats) return;
    reads.pop_front();
    read_beat = 0;
  }

  void drive_writes() {
    dut.m_axi_awready = writes.size() < kOutstanding && !pauses();
    dut.m_axi_wready = data.size() < kOutstanding && !pauses();
    if (!answer_offered && !answers.empty() && answers.front().ready <= now && !pauses()) {
      dut.m_axi_bresp = answers.front().response;
      answers.pop_front();
      answer_offered = true;
    }
    dut.m_axi_bvalid = answer_offered;
  }

  void take_writes() {
    if (dut.m_axi_bready) answer_offered = false;
    if (dut.m_axi_awvalid && dut.m_axi_awready) {
      writes.push_back({dut.m_axi_awaddr, dut.m_axi_awlen + 1u, 0});
      check("write", writes.back(), dut.m_axi_awsize, dut.m_axi_awburst);
    }
    if (dut.m_axi_wvalid && dut.m_axi_wready)
      data.push_back({dut.m_axi_wdata, uint8_t(dut.m_axi_wstrb), bool(dut.m_axi_wlast)});
    while (!writes.empty() && !data.empty()) write(data.front());
  }

  void write(const Beat& beat) {
    const Burst& burst = writes.front();
    uint64_t to = burst.address + uint64_t(write_beat) * kBeatBytes;
    bool held = Memory::holds(memory.writes, to);
    if (!held) write_response = kSlaveError;
    for (uint32_t i = 0; i < kBeatBytes && held; ++i)
      if (beat.strobes >> i & 1) memory.bytes[to + i] = uint8_t(beat.data >> 8 * i);
    bool last = ++write_beat == burst.beats;
    if (beat.last != last) broken("WLAST at another beat than the last of its burst");
    data.pop_front();
    if (!last) return;
    answers.push_back({write_response, now + 1 + write_latency});
    writes.pop_front();
    write_beat = 0;
    write_response = kOkay;
  }

  void drive_host() {
    dut.s_axi_awvalid = address.drive(pauses);
    dut.s_axi_wvalid = word.drive(pauses);
    dut.s_axi_arvalid = query.drive(pauses);
    dut.s_axi_bready = await_write && !pauses();
    dut.s_axi_rready = await_read && !pauses();
  }

  void take_host() {
    address.take(dut.s_axi_awready);
    word.take(dut.s_axi_wready);
    query.take(dut.s_axi_arready);
    if (dut.s_axi_bvalid && dut.s_axi_bready) {
      await_write = false;
      response = dut.s_axi_bresp;
    }
    if (dut.s_axi_rvalid && dut.s_axi_rready) {
      await_read = false;
      response = dut.s_axi_rresp;
      value = dut.s_axi_rdata;
    }
  }

  // The response, or −1 if none came.
  int write_register(uint32_t offset, uint32_t bits) {
    dut.s_axi_awaddr = offset;
    dut.s_axi_wdata = bits;
    dut.s_axi_wstrb = 0xF;
    address.wanted = word.wanted = await_write = true;
    for (uint64_t i = 0; await_write && i < kAnswerCycles; ++i) cycle();
    return await_write ? -1 : int(response);
  }

  // The value, or −1 if none came or the response was an error.
  int64_t read_register(uint32_t offset) {
    dut.s_axi_araddr = offset;
    query.wanted = await_read = true;
    for (uint64_t i = 0; await_read && i < kAnswerCycles; ++i) cycle();
    return await_read || response != kOkay ? -1 : int64_t(value);
  }

  // Reads a register now and then until `mask` is 0 in it, for at most `cycles`; its last value, or −1.
  int64_t wait(uint32_t offset, uint32_t mask, uint64_t cycles) {
    for (uint64_t end = now + cycles;;) {
      int64_t found = read_register(offset);
      if (found < 0 || !(found & mask) || now >= end) return found;
      for (uint64_t i = 0; i < kPollCycles; ++i) cycle();
    }
  }

  void check(const char* kind, const Burst& burst, uint32_t size, uint32_t type) {
    uint64_t last = burst.address + uint64_t(burst.beats) * kBeatBytes - 1;
    if (size != 3 || type != 1) broken(std::string("a ") + kind + " that is not INCR of 8 bytes a beat");
    if (burst.address / kBoundary != last / kBoundary)
      broken(std::string("a ") + kind + " burst across a 4 KiB boundary");
  }

  void broken(const std::string& rule) {
    if (violation.empty()) violation = rule + " in cycle " + std::to_string(now);
  }
};

}  // namespace

extern "C" {

Bench* bench_new() { return new Bench; }
void bench_delete(Bench* bench) { delete bench; }
void bench_reset(Bench* bench) { bench->reset(); }
uint64_t bench_clocks(const Bench* bench) { return bench->now; }
const char* bench_violation(const Bench* bench) { return bench->violation.c_str(); }

void bench_memory(Bench* bench, uint8_t* bytes) { bench->memory.bytes = bytes; }
void bench_allow(Bench* bench, int writes, uint64_t first, uint64_t end) {
  (writes ? bench->memory.writes : bench->memory.reads).emplace_back(first, end);
}

void bench_bus(Bench* bench, uint64_t read_latency, uint64_t write_latency, double share, uint64_t seed) {
  bench->read_latency = read_latency;
  bench->write_latency = write_latency;
  bench->pauses.set(share, seed);
}

int bench_write(Bench* bench, uint32_t offset, uint32_t bits) {
  return bench->write_register(offset, bits);
}
int64_t bench_read(Bench* bench, uint32_t offset) { return bench->read_register(offset); }
int64_t bench_wait(Bench* bench, uint32_t offset, uint32_t mask, uint64_t cycles) {
  return bench->wait(offset, mask, cycles);
}

#if VM_TRACE
void bench_trace(Bench* bench, const char* path) {
  bench->trace = std::make_unique<VerilatedVcdC>();
  bench->dut.trace(bench->trace.get(), 99);
  bench->trace->open(path);
}
#endif

}  // extern "C"
