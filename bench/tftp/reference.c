/*
 * The yardstick: a TFTP server that does nothing but send, a whole window in one system call cut apart by the kernel. No
 * limits, no names, no rules about strangers; what this reaches is what one thread of the machine can do.
 *
 *   reference ADDRESS PORT FILE        (whatever name is asked for, FILE is sent)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
enum { MOST_SEGMENTS = 64, MOST_BYTES = 65507 };

struct transfer {
  int socket, opened;
  unsigned block_size, window, tries;
  uint64_t acknowledged, last;
  double deadline;
  uint8_t options[256];
  size_t options_size;
  struct transfer *next, **link;
};

static struct transfer *all;
static const uint8_t *file;
static size_t file_size;
static struct sockaddr_in own;

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void end(struct transfer *t) {
  close(t->socket);
  if ((*t->link = t->next)) t->next->link = t->link;
  free(t);
}

static void send_burst(struct transfer *t, uint64_t first, unsigned count) {
  static uint8_t headers[MOST_SEGMENTS][4];
  static struct iovec pieces[2 * MOST_SEGMENTS];
  for (unsigned i = 0; i < count; i++) {
    size_t at = (first + i - 1) * t->block_size, left = file_size - at;
    memcpy(headers[i], (uint8_t[]){0, 3, (first + i) >> 8, first + i}, 4);
    pieces[2 * i] = (struct iovec){headers[i], 4};
    pieces[2 * i + 1] = (struct iovec){(void *)(file + at), left < t->block_size ? left : t->block_size};
  }
  char control[CMSG_SPACE(2)] = {0};
  struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 2 * count};
  if (count > 1) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct cmsghdr *segments = CMSG_FIRSTHDR(&message);
    *segments = (struct cmsghdr){.cmsg_len = CMSG_LEN(2), .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT};
    *(uint16_t *)CMSG_DATA(segments) = t->block_size + 4;
  }
  sendmsg(t->socket, &message, 0);
}

static void send_window(struct transfer *t) {
  uint64_t stop = t->acknowledged + t->window < t->last ? t->acknowledged + t->window : t->last;
  unsigned most = MOST_BYTES / (t->block_size + 4);
  if (most > MOST_SEGMENTS) most = MOST_SEGMENTS;
  for (uint64_t block = t->acknowledged + 1; block <= stop; block += most)
    send_burst(t, block, stop - block + 1 < most ? stop - block + 1 : most);
  t->deadline = seconds() + 1;
}

static void say_options(struct transfer *t) {
  send(t->socket, t->options, t->options_size, 0);
  t->deadline = seconds() + 1;
}

static void accept_option(struct transfer *t, const char *name, unsigned value) {
  if (!strcasecmp(name, "blksize")) t->block_size = value;
  else if (!strcasecmp(name, "windowsize")) t->window = value;
  else return;
  char *at = (char *)t->options + t->options_size;
  int size = sprintf(at, "%s", name) + 1;
  t->options_size += size + sprintf(at + size, "%u", value) + 1;
}

static void begin(int poll, char *packet, ssize_t size, struct sockaddr_in *peer) {
  char *stop = packet + size, *at = packet + 2;
  packet[size] = 0;
  struct transfer *t = calloc(1, sizeof *t);
  t->block_size = 512, t->window = 1;
  memcpy(t->options, "\0\6", t->options_size = 2);
  at += strlen(at) + 1, at += strlen(at) + 1;
  while (at < stop) {
    char *value = at + strlen(at) + 1;
    if (value >= stop) break;
    accept_option(t, at, atoi(value));
    at = value + strlen(value) + 1;
  }
  t->last = file_size / t->block_size + 1;
  t->socket = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in from = own;
  from.sin_port = 0;
  bind(t->socket, (struct sockaddr *)&from, sizeof from);
  connect(t->socket, (struct sockaddr *)peer, sizeof *peer);
  int buffer = 4 << 20;
  setsockopt(t->socket, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  if ((t->next = all)) all->link = &t->next;
  t->link = &all, all = t;
  epoll_ctl(poll, EPOLL_CTL_ADD, t->socket, &(struct epoll_event){.events = EPOLLIN, .data.ptr = t});
  if (t->options_size > 2) say_options(t);
  else t->opened = 1, send_window(t);
}

static void serve(struct transfer *t) {
  uint8_t packet[64];
  for (;;) {
    ssize_t size = recv(t->socket, packet, sizeof packet, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size < 0 || packet[1] == 5) return end(t);
    if (size < 4 || packet[1] != 4) continue;
    uint16_t ahead = (uint16_t)(packet[2] << 8 | packet[3]) - (uint16_t)t->acknowledged;
    if (ahead > t->window || (!ahead && t->opened && t->window == 1)) continue;
    t->acknowledged += ahead;
    t->opened = 1, t->tries = 0;
    if (t->acknowledged == t->last) return end(t);
    send_window(t);
  }
}

int main(int count, char **words) {
  if (count != 4) return 2;
  int descriptor = open(words[3], O_RDONLY), poll = epoll_create1(0), buffer = 16 << 20;
  struct stat facts;
  if (descriptor < 0 || fstat(descriptor, &facts)) return 2;
  file_size = facts.st_size;
  file = mmap(NULL, file_size, PROT_READ, MAP_SHARED | MAP_POPULATE, descriptor, 0);
  struct rlimit limit = {65536, 65536};
  setrlimit(RLIMIT_NOFILE, &limit);
  own = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
  inet_pton(AF_INET, words[1], &own.sin_addr);
  int requests = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  setsockopt(requests, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  if (bind(requests, (struct sockaddr *)&own, sizeof own)) return perror("bind"), 1;
  epoll_ctl(poll, EPOLL_CTL_ADD, requests, &(struct epoll_event){.events = EPOLLIN});
  struct epoll_event events[256];
  for (double swept = seconds();;) {
    int got = epoll_wait(poll, events, 256, 100);
    for (int i = 0; i < got; i++) {
      if (events[i].data.ptr) { serve(events[i].data.ptr); continue; }
      char packet[2048];
      struct sockaddr_in peer;
      socklen_t length = sizeof peer;
      for (ssize_t size; (size = recvfrom(requests, packet, sizeof packet - 1, 0, (void *)&peer, &length)) > 4;)
        if (packet[1] == 1) begin(poll, packet, size, &peer);
    }
    double now = seconds();
    if (now - swept < 0.1) continue;
    swept = now;
    for (struct transfer *t = all, *next; t; t = next) {
      next = t->next;
      if (now < t->deadline) continue;
      if (++t->tries > 6) end(t);
      else if (t->opened) send_window(t);
      else say_options(t);
    }
  }
}
