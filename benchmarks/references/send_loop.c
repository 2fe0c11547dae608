/* The floor: whatever is posted is sent to all streams, by one send() each. It parses nothing. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 20000, ROOM = 65536 };

static const char HEAD[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
static const char DONE[] = "HTTP/1.1 204 No Content\r\n\r\n";

static int streams[MOST], count;

static void tell(const char *data, size_t length) {
    char frame[ROOM];
    size_t size = length + strlen("event: presence\ndata: \n\n");
    int total = snprintf(frame, sizeof frame, "%zx\r\nevent: presence\ndata: %.*s\n\n\r\n", size, (int)length, data);
    for (int i = 0; i < count; i++) send(streams[i], frame, total, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int main(int argc, char **argv) {
    (void)argc;
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1, epoll = epoll_create1(0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 2048)) return 1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                event.data.fd = accept(listener, 0, 0);
                epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
                continue;
            }
            char request[ROOM];
            ssize_t length = recv(fd, request, sizeof request - 1, 0);
            if (length <= 0) {
                close(fd);
                for (int j = 0; j < count; j++)
                    if (streams[j] == fd) streams[j] = streams[--count];
                continue;
            }
            request[length] = 0;
            char *body = strstr(request, "\r\n\r\n");
            if (body && !strncmp(request, "GET", 3) && count < MOST) {
                send(fd, HEAD, strlen(HEAD), MSG_NOSIGNAL);
                streams[count++] = fd;
            } else if (body) {
                tell(body + 4, strlen(body + 4));
                send(fd, DONE, strlen(DONE), MSG_NOSIGNAL);
            }
        }
    }
}
