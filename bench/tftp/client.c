/*
 * Fetches one file by TFTP many times at once and says how long that took. One thread, so that the server has the rest of
 * the machine. Every byte is compared with the original.
 *
 *   client ADDRESS PORT NAME ORIGINAL BLOCKSIZE WINDOW CLIENTS LOSS_PER_MILLE DELAY_MICROSECONDS
 *
 * Loss is made here: that share of blocks counts as not arrived. Delay holds back every acknowledgement.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, LONGEST = 2048, HELD = 128, PATIENCE_MS = 1000, TRIES = 20 };

struct held { double due; uint16_t block; };

struct transfer {
  int socket, knows_peer, finished, failed, tries, gap_told, in_window;
  uint64_t expected; /* the next block, from 1; 0 while waiting for the options */
  size_t bytes;
  unsigned block_size, window;
  double begun, ended, deadline;
  struct held held[HELD];
  unsigned held_first, held_count;
};

static struct sockaddr_in server;
static const uint8_t *original;
static size_t original_size;
static uint8_t request[600];
static size_t request_size;
static unsigned loss, delay_us;
static uint64_t random_state = 0x2545F4914F6CDD1Dull, timeouts, repeats;
static int running;

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static int is_lost(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return loss && random_state % 1000 < loss;
}

static void put(struct transfer *t, const void *bytes, size_t size) {
  if (t->knows_peer) send(t->socket, bytes, size, 0);
  else sendto(t->socket, bytes, size, 0, (struct sockaddr *)&server, sizeof server);
}

static void acknowledge_now(struct transfer *t, uint16_t block) {
  uint8_t packet[4] = {0, 4, block >> 8, block};
  put(t, packet, sizeof packet);
}

static void acknowledge(struct transfer *t, double now) {
  uint16_t block = t->expected == 0 ? 0 : t->expected - 1;
  t->in_window = 0;
  if (!delay_us || t->held_count == HELD) return acknowledge_now(t, block);
  t->held[(t->held_first + t->held_count++) % HELD] = (struct held){now + delay_us / 1e6, block};
}

static void release_held(struct transfer *t, double now) {
  while (t->held_count && t->held[t->held_first].due <= now) {
    acknowledge_now(t, t->held[t->held_first].block);
    t->held_first = (t->held_first + 1) % HELD;
    t->held_count--;
  }
}

static void end(struct transfer *t, int failed, double now) {
  while (t->held_count) release_held(t, now + 3600);
  t->finished = 1;
  t->failed = failed;
  t->ended = now;
  close(t->socket);
  running--;
}

static void take_options(struct transfer *t, const char *at, const char *stop) {
  while (at < stop) {
    const char *value = at + strnlen(at, stop - at) + 1;
    if (value >= stop) return;
    if (!strcmp(at, "blksize")) t->block_size = atoi(value);
    if (!strcmp(at, "windowsize")) t->window = atoi(value);
    at = value + strnlen(value, stop - value) + 1;
  }
}

static void take(struct transfer *t, const uint8_t *packet, size_t size, double now) {
  if (size < 4 || t->finished) return;
  if (packet[1] == 5) return end(t, 1, now);
  if (packet[1] == 6 && t->expected <= 1) {
    take_options(t, (const char *)packet + 2, (const char *)packet + size);
    t->expected = 1;
    t->deadline = now + PATIENCE_MS / 1e3;
    return acknowledge(t, now);
  }
  if (packet[1] != 3 || is_lost()) return;
  if (t->expected == 0) t->expected = 1;
  uint16_t ahead = (uint16_t)(packet[2] << 8 | packet[3]) - (uint16_t)t->expected;
  if (ahead) {
    /* A gap is told once; a block that is here already means our acknowledgement was lost. */
    repeats++;
    if (ahead < 0x8000 ? !t->gap_told : ahead == 0xffff) acknowledge(t, now);
    if (ahead < 0x8000) t->gap_told = 1;
    return;
  }
  size -= 4;
  if (t->bytes + size > original_size || memcmp(original + t->bytes, packet + 4, size)) return end(t, 1, now);
  t->bytes += size;
  t->expected++;
  t->gap_told = t->tries = 0;
  t->deadline = now + PATIENCE_MS / 1e3;
  int is_last = size < t->block_size;
  if (is_last || ++t->in_window >= (int)t->window) acknowledge(t, now);
  if (is_last) end(t, t->bytes != original_size, now);
}

static void receive(struct transfer *t) {
  static uint8_t room[BATCH][LONGEST];
  static struct iovec pieces[BATCH];
  static struct mmsghdr messages[BATCH];
  static struct sockaddr_in from;
  if (!t->knows_peer) {
    socklen_t length = sizeof from;
    ssize_t size = recvfrom(t->socket, room[0], LONGEST, 0, (struct sockaddr *)&from, &length);
    if (size < 0) return;
    t->knows_peer = !connect(t->socket, (struct sockaddr *)&from, sizeof from);
    take(t, room[0], size, seconds());
    if (t->finished) return;
  }
  for (int i = 0; i < BATCH; i++) {
    pieces[i] = (struct iovec){room[i], LONGEST};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
  }
  int want = t->window < BATCH ? t->window : BATCH;
  int got = recvmmsg(t->socket, messages, want, MSG_DONTWAIT, NULL);
  if (got < 0 && errno == ECONNREFUSED) return end(t, 1, seconds());
  double now = seconds();
  for (int i = 0; i < got && !t->finished; i++) take(t, room[i], messages[i].msg_len, now);
}

static void be_impatient(struct transfer *t, double now) {
  if (now < t->deadline) return;
  timeouts++;
  if (++t->tries > TRIES) return end(t, 1, now);
  t->deadline = now + PATIENCE_MS / 1e3;
  if (t->expected == 0) put(t, request, request_size);
  else acknowledge(t, now);
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void add_text(const char *text) {
  request_size += snprintf((char *)request + request_size, sizeof request - request_size, "%s", text) + 1;
}

int main(int count, char **words) {
  if (count != 10) return 2;
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
  inet_pton(AF_INET, words[1], &server.sin_addr);
  int file = open(words[4], O_RDONLY);
  struct stat facts;
  if (file < 0 || fstat(file, &facts)) return 2;
  original_size = facts.st_size;
  original = mmap(NULL, original_size, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
  int clients = atoi(words[7]);
  loss = atoi(words[8]);
  delay_us = atoi(words[9]);
  request[1] = 1;
  request_size = 2;
  add_text(words[3]), add_text("octet"), add_text("blksize"), add_text(words[5]);
  if (atoi(words[6]) > 1) add_text("windowsize"), add_text(words[6]);
  struct rlimit limit = {65536, 65536};
  setrlimit(RLIMIT_NOFILE, &limit);
  int poll = epoll_create1(0), buffer = 4 << 20;
  struct transfer *all = calloc(clients, sizeof *all);
  double begun = seconds();
  for (struct transfer *t = all; t < all + clients; t++) {
    t->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(t->socket, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    t->block_size = 512, t->window = 1;
    t->begun = seconds();
    t->deadline = t->begun + PATIENCE_MS / 1e3;
    running++;
    epoll_ctl(poll, EPOLL_CTL_ADD, t->socket, &(struct epoll_event){.events = EPOLLIN, .data.ptr = t});
    put(t, request, request_size);
  }
  struct epoll_event events[256];
  double swept = begun;
  while (running) {
    int wait = delay_us ? 1 : 5, got = epoll_wait(poll, events, 256, wait);
    for (int i = 0; i < got; i++) {
      struct transfer *t = events[i].data.ptr;
      if (!t->finished) receive(t);
    }
    double now = seconds();
    if (!delay_us && now - swept < 0.005) continue;
    swept = now;
    for (struct transfer *t = all; t < all + clients; t++) {
      if (t->finished) continue;
      release_held(t, now);
      be_impatient(t, now);
    }
  }
  double took = seconds() - begun, *times = calloc(clients, sizeof *times);
  int failed = 0, good = 0;
  size_t bytes = 0;
  for (struct transfer *t = all; t < all + clients; t++) {
    bytes += t->bytes;
    if (t->failed) failed++;
    else times[good++] = t->ended - t->begun;
  }
  qsort(times, good, sizeof *times, by_size);
  printf("{\"seconds\":%.6f,\"megabytesPerSecond\":%.3f,\"failed\":%d,\"median\":%.6f,\"percentile99\":%.6f,"
         "\"timeouts\":%lu,\"unexpected\":%lu,\"window\":%u,\"blockSize\":%u}\n",
         took, bytes / 1e6 / took, failed, good ? times[good / 2] : 0, good ? times[(good - 1) * 99 / 100] : 0,
         (unsigned long)timeouts, (unsigned long)repeats, all[0].window, all[0].block_size);
  return 0;
}
