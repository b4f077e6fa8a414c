/*
 * Stands in the place of node inside the fence, and tries everything. Static, so that it needs no library.
 * Reads from descriptor 3: the pid of another sandbox, the abstract and the file name of a unix socket of the node, a line each.
 * Writes to descriptor 4: one line per attempt, "name=outcome"; the outcome is "allowed", an errno's name, or a value.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void value(const char *name, long number) { dprintf(4, "%s=%ld\n", name, number); }

static void attempt(const char *name, long result) {
  if (result == -1) dprintf(4, "%s=%s\n", name, strerrorname_np(errno));
  else dprintf(4, "%s=allowed\n", name);
}

static void identity(void) {
  value("uid", getuid());
  value("euid", geteuid());
  value("gid", getgid());
  value("groups", getgroups(0, NULL));
  value("pid", getpid());
  value("no-new-privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  int signal = 0;
  prctl(PR_GET_PDEATHSIG, &signal);
  value("death-signal", signal);
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0}};
  syscall(SYS_capget, &header, data);
  value("capabilities", data[0].effective | data[0].permitted | data[0].inheritable | data[1].effective | data[1].permitted | data[1].inheritable);
  long bounding = 0, ambient = 0;
  for (int cap = 0; cap < 64; cap++) {
    if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1) bounding++;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1) ambient++;
  }
  value("bounding", bounding);
  value("ambient", ambient);
  long variables = 0;
  while (environ[variables] != NULL) variables++;
  value("environment", variables);
  struct rlimit core;
  getrlimit(RLIMIT_CORE, &core);
  value("core-limit", (long)core.rlim_max);
  for (int fd = 0; fd < 1024; fd++)
    if (fcntl(fd, F_GETFD) != -1) dprintf(4, "descriptor=%d\n", fd);
}

static void others(pid_t victim) {
  attempt("kill", kill(victim, SIGKILL));
  attempt("kill-all", kill(-1, SIGKILL));
  attempt("ptrace-attach", ptrace(PTRACE_ATTACH, victim, NULL, NULL));
  attempt("ptrace-seize", ptrace(PTRACE_SEIZE, victim, NULL, NULL));
  long pidfd = syscall(SYS_pidfd_open, victim, 0);
  attempt("pidfd-open", pidfd);
  if (pidfd != -1) attempt("pidfd-getfd", syscall(SYS_pidfd_getfd, pidfd, 4, 0));
  char byte;
  struct iovec local = {&byte, 1}, remote = {(void *)0x400000, 1};
  attempt("read-memory", process_vm_readv(victim, &local, 1, &remote, 1, 0));
  long visible = 0;
  for (pid_t pid = 2; pid < 70000; pid++)
    if (kill(pid, 0) == 0 || errno == EPERM) visible++;
  value("visible-processes", visible);
}

static void privileges(void) {
  attempt("new-user-namespace", unshare(CLONE_NEWUSER));
  attempt("new-mount-namespace", unshare(CLONE_NEWNS));
  attempt("new-network-namespace", unshare(CLONE_NEWNET));
  attempt("mount", mount("none", "/lib", "tmpfs", 0, NULL));
  attempt("chroot", chroot("/lib"));
  attempt("setuid", setresuid(0, 0, 0));
  attempt("setgid", setresgid(0, 0, 0));
  attempt("mknod", mknod("/device", S_IFCHR | 0666, 0x101));
  attempt("raise-core-limit", setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1}));
  attempt("sethostname", sethostname("x", 1));
}

static void list(const char *path) {
  DIR *directory = opendir(path);
  if (directory == NULL) return;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char child[4096];
    snprintf(child, sizeof child, "%s/%s", strcmp(path, "/") == 0 ? "" : path, entry->d_name);
    if (entry->d_type == DT_DIR) list(child);
    else dprintf(4, "file=%s\n", child);
  }
  closedir(directory);
}

static void files(void) {
  list("/");
  attempt("create", open("/created", O_CREAT | O_WRONLY, 0600));
  attempt("create-in-lib", open("/lib/created", O_CREAT | O_WRONLY, 0600));
  attempt("temporary", open("/", O_TMPFILE | O_WRONLY, 0600));
  attempt("change-bundle", open("/sandbox.mjs", O_WRONLY));
  attempt("change-node", open("/node", O_WRONLY));
  attempt("unlink", unlink("/sandbox.mjs"));
  attempt("rename", rename("/sandbox.mjs", "/other.mjs"));
  attempt("mkdir", mkdir("/made", 0700));
  attempt("chmod", chmod("/", 0777));
  attempt("proc", open("/proc/self/status", O_RDONLY));
  attempt("dots", open("../../../../../../etc/passwd", O_RDONLY));
  attempt("dev-null", open("/dev/null", O_RDONLY));
}

static long unixConnect(const char *name, int abstract) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path + abstract, name, sizeof address.sun_path - 2);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  socklen_t length = offsetof(struct sockaddr_un, sun_path) + abstract + strlen(name);
  return connect(fd, (struct sockaddr *)&address, length);
}

static void network(const char *abstract, const char *path) {
  attempt("abstract-socket", unixConnect(abstract, 1));
  attempt("file-socket", unixConnect(path, 0));
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(22), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  attempt("loopback", connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address));
  address.sin_addr.s_addr = htonl(0x08080808);
  attempt("outside", connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address));
  attempt("packet-socket", socket(AF_PACKET, SOCK_RAW, 0));
  attempt("raw-socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static void processes(void) {
  long forks = 0;
  while (forks < 1000) {
    pid_t pid = fork();
    if (pid == 0) { pause(); _exit(0); }
    if (pid == -1) break;
    forks++;
  }
  dprintf(4, "forks=%s\n", forks < 64 ? "bounded" : "unbounded");
}

int main(void) {
  char line[4096] = {0};
  size_t length = 0;
  while (length < sizeof line - 1 && read(3, line + length, 1) == 1 && !(line[length] == '\n' && strchr(line, ';') != NULL)) length++;
  char *victim = strtok(line, " "), *abstract = strtok(NULL, " "), *path = strtok(NULL, " ;");
  identity();
  others((pid_t)atol(victim));
  files();
  network(abstract, path);
  privileges();
  processes();
  dprintf(4, "end=reached\n");
  pause();
  return 0;
}
