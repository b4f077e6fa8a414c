/*
 * Starts a warm host that outlives the shim.
 */
#ifndef CNIDARIA_SHIM_START_H
#define CNIDARIA_SHIM_START_H

/*
 * Starts a warm host and waits until it listens, or leaves because another does. It keeps nothing of the caller's: no descriptor, no
 * environment, no working directory, no session. Gives -1 where it does not start: the Node shim finds out why.
 */
int start_warm_host(const char *socket_path);

#endif
