/** Numbers of the Linux kernel's interface. They are the same on x64 and arm64, the two machines the door is opened on. */
export const linux = {
  AF_INET: 2,
  AF_INET6: 10,
  AF_PACKET: 17,
  SOCK_DGRAM: 2,
  SOCK_NONBLOCK: 0x800,
  SOCK_CLOEXEC: 0x80000,

  SOL_SOCKET: 1,
  SO_REUSEADDR: 2,
  SO_BROADCAST: 6,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  SO_BINDTODEVICE: 25,
  SO_SNDBUFFORCE: 32,
  SO_RCVBUFFORCE: 33,

  IPPROTO_IP: 0,
  IP_TOS: 1,
  IP_PKTINFO: 8,
  IP_MTU_DISCOVER: 10,
  IP_RECVERR: 11,
  IPPROTO_IPV6: 41,
  IPV6_MTU_DISCOVER: 23,
  IPV6_RECVERR: 25,
  IPV6_V6ONLY: 26,
  IPV6_RECVPKTINFO: 49,
  IPV6_PKTINFO: 50,
  IPV6_TCLASS: 67,
  PMTUDISC_DONT: 0,
  SOL_UDP: 17,
  UDP_SEGMENT: 103,

  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  MSG_ERRQUEUE: 0x2000,
  MSG_NOSIGNAL: 0x4000,

  EPOLL_CLOEXEC: 0x80000,
  EPOLL_CTL_ADD: 1,
  EPOLLIN: 0x1,
  EPOLLERR: 0x8,
  EPOLLET: 0x8000_0000,
  EFD_NONBLOCK: 0x800,
  EFD_CLOEXEC: 0x80000,

  /** The kernel takes no more segments than this in one send, whatever their size. */
  UDP_MAX_SEGMENTS: 64,
} as const;

/** Errors that callers of the door tell apart; calls return them negated. */
export const errno = {
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  EINVAL: 22,
  EMFILE: 24,
  ENOBUFS: 105,
  ECONNREFUSED: 111,
} as const;
